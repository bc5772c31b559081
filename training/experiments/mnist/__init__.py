"""The paper's experiment: MNIST under a banana-shaped prior, by SJMVI, AVB and a VAE.

Tiao, Bonilla and Ramos (2018), section 7. The paper states the prior and the measures; networks, scales,
optimiser and divergence it leaves open, so the table can be aimed at, not repeated step by step.
"""
