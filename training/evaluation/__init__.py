"""Quality measured: two models are compared by the same figures of the same pictures, or not at all."""
