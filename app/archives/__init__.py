"""A zip from anybody, to files of ours: refused for one bad entry, and counted whatever it says of its size.

upload (body to disk, in a folder of staging) -> directory, entries (what the zip says) -> unpacking
"""
