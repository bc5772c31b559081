"""Uploaded datasets: a zip of pictures in, a folder that a training or a translation can start from out.

upload (body to disk) -> directory, entries (what the zip says) -> layout (what goes where) -> unpacking
-> doctor (what the pictures are) -> store (there, at once or not at all); intake goes through them in order
"""
