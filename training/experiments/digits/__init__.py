"""MNIST and USPS, translated into each other without pairs or labels: what is a translation worth?"""
