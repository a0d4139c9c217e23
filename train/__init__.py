"""Fine-tuning with a token-exact data mix."""
