package dev.anabranch.core;

/** A model that calls something before each piece of work. As thread-safe as the model. */
record CheckedPredictor(Predictor model, Runnable check) implements Predictor {
  @Override
  public Tensor logits(Batch batch) {
    check.run();
    return model.logits(batch);
  }

  @Override
  public Score score(Batch batch) {
    check.run();
    return model.score(batch);
  }

  @Override
  public Decoder decoder(int sequences) {
    return new CheckedDecoder(model.decoder(sequences), check);
  }

  @Override
  public void close() {
    model.close();
  }

  private record CheckedDecoder(Decoder decoder, Runnable check) implements Decoder {
    @Override
    public int size() {
      return decoder.size();
    }

    @Override
    public int room() {
      return decoder.room();
    }

    @Override
    public Tensor read(int[][] tokens) {
      check.run();
      return decoder.read(tokens);
    }

    @Override
    public void close() {
      decoder.close();
    }
  }
}
