"""Weights bundles over HTTP: a zip of card.json and safetensors in, a version of a model out, and back.

app.archives (the zip) -> layout (what of it is the bundle) -> publisher (checked, warmed up, published, used)
"""
