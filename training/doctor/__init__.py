"""What is wrong with a pair of folders, before a training is spent on it.

folders (which files) -> measure (each decoded once) -> duplicates, colour -> report -> findings -> sheet
"""
