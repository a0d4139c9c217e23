"""Task folders for lm-eval: questions and YAML."""
