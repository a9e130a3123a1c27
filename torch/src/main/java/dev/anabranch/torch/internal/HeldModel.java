package dev.anabranch.torch.internal;

import dev.anabranch.core.Model;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import java.util.List;

/** Some segments of a model, and the trained variables in them. Used on a lane. */
abstract sealed class HeldModel implements Model
    permits BertModel, DryModel, FamilyModel, DryFamilyModel {
  /** The trained variables of all segments that are here. */
  interface Stepped extends Trainable {
    /** From now on only these are trained. */
    void train(List<TensorSpec> some);

    /** Some of them. */
    Trainable part(List<TensorSpec> some);
  }

  /** What is trained of a segment. */
  interface Trains {
    List<TensorSpec> of(Partition partition, Partition.Segment segment, Parameterisation how);
  }

  final Held held;
  private final Trains trains;

  HeldModel(Held held, Trains trains) {
    this.held = held;
    this.trains = trains;
  }

  abstract Stepped variables();

  /** What is trained in a segment, here or elsewhere. */
  final List<TensorSpec> trained(Partition.Segment segment) {
    return trains.of(held.use().partition(), segment, held.use().of(segment));
  }

  @Override
  public final Trainable trainable() {
    return variables();
  }

  @Override
  public final Trainable trainable(String segment) {
    return variables().part(trained(held.segment(segment)));
  }

  @Override
  public void train(String... segments) {
    variables().train(held.trained(this::trained, segments));
  }
}
