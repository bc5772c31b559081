"""Uploaded datasets: a zip of pictures in, a folder that a training or a translation can start from out.

app.archives (the zip) -> layout (what goes where) -> doctor (what the pictures are) -> store (there, at once
or not at all); intake goes through them in order
"""
