"""Courts, agencies and legislators, one module each."""
