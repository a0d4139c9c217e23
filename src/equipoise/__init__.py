"""equipoise: which data mix, model size and amount of training is worth it for a language model adapted to a business."""

__version__ = "0.1.0"
