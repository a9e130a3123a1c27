package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Route;
import dev.anabranch.core.ScoreLoss;
import dev.anabranch.core.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@link FamilyRoute} without values. Layers that one segment has are alike, so that only how many
 * of them are on the way matters. Used on a lane.
 *
 * @param layers of the model on this way, ascending
 */
record DryFamilyRoute(DryFamilyModel model, List<Partition.Segment> segments, List<Integer> layers)
    implements Route {
  DryFamilyRoute {
    FamilyRoute.requirePassable(model.family(), layers.size());
  }

  DryFamilyRoute(DryFamilyModel model, List<Partition.Segment> segments) {
    this(
        model,
        segments,
        segments.stream().flatMap(s -> IntStream.range(s.from(), s.until()).boxed()).toList());
  }

  @Override
  public Route through(int... some) {
    Shapes.requireLayers(some, layers.stream().mapToInt(i -> i).toArray());
    return new DryFamilyRoute(model, segments, IntStream.of(some).boxed().toList());
  }

  /** As many of each segment, the lowest. */
  private List<Integer> lowest() {
    var out = new ArrayList<Integer>();
    for (var segment : segments) {
      long n = layers.stream().filter(i -> i >= segment.from() && i < segment.until()).count();
      IntStream.range(segment.from(), segment.from() + (int) n).forEach(out::add);
    }
    return out;
  }

  /** What is done with a route of the real model. */
  private interface On {
    void run(FamilyRoute route, Batch batch);
  }

  private void run(String what, Batch batch, On work) {
    var sample = Sample.of(model.family(), batch, model.prompts());
    var names = segments.stream().map(Partition.Segment::name).toList();
    var some = lowest();
    boolean whole = some.size() == segments.stream().mapToInt(Partition.Segment::layers).sum();
    int[] way = some.stream().mapToInt(i -> i).toArray();
    model.run(
        List.of(what, names, some, sample.name()),
        Sample.NOTHING,
        (real, size) -> {
          var route = real.walk(names.toArray(String[]::new));
          work.run(whole ? route : route.through(way), sample.batch(size));
          return Sample.NO_SHAPE;
        },
        sample.least(),
        sample.size());
  }

  @Override
  public Tensor logits(Batch batch) {
    run("logits", batch, (route, some) -> route.logits(some).close());
    long classes = model.facts().classes();
    return model.family().languageModel() && batch.inputs() instanceof Inputs.Tokens tokens
        ? model.zeros().tensor(batch.size(), tokens.width(), classes)
        : model.zeros().tensor(batch.size(), classes);
  }

  @Override
  public double loss(Batch batch) {
    run("loss", batch, FamilyRoute::loss);
    return model.guess();
  }

  @Override
  public double lossAndGradient(Batch batch) {
    run("gradient", batch, FamilyRoute::lossAndGradient);
    return model.guess();
  }

  @Override
  public double lossAndGradient(Batch batch, ScoreLoss loss) {
    run("scores", batch, (route, some) -> route.lossAndGradient(some, (scores, into) -> 0));
    return model.guess();
  }
}
