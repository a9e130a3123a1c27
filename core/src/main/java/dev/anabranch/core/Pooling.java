package dev.anabranch.core;

/** How a classifier reads a sequence. */
public enum Pooling {
  /** The classification token. */
  CLS,
  /** The classification token through the pre-trained pooler, tanh(W h + b), which stays frozen. */
  POOLER,
  /** The mean over real text tokens and prompts. */
  MEAN,
  /** The mean over the soft prompt's positions. */
  PROMPT,
  /** Not at all: every position is scored with the token that comes next, by a language model. */
  NONE
}
