package dev.anabranch.torch.internal;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which segments of a model are here, and what may be asked of them. Immutable.
 *
 * @param segments of the partition, in its order
 */
record Held(ModelUse use, List<Partition.Segment> segments) {
  Held {
    segments = List.copyOf(segments);
  }

  Partition.Segment first() {
    return use.partition().segments().getFirst();
  }

  Partition.Segment last() {
    return use.partition().segments().getLast();
  }

  boolean isFirst(Partition.Segment segment) {
    return segment.equals(first());
  }

  boolean isLast(Partition.Segment segment) {
    return segment.equals(last());
  }

  boolean has(Partition.Segment segment) {
    return segments.contains(segment);
  }

  /** The segment of that name, which must be here. */
  Partition.Segment segment(String name) {
    return require(true, use.partition().segment(name));
  }

  /** The segment where the input enters, which must be here. */
  Partition.Segment head() {
    return require(true, first());
  }

  /** The segment of that name, which must be here and lie between two cuts. */
  Partition.Segment inner(String name) {
    var found = use.partition().segment(name);
    return require(!isFirst(found) && !isLast(found), found);
  }

  /** The segment that ends in the loss, which must be here. */
  Partition.Segment tail() {
    return require(true, last());
  }

  private Partition.Segment require(boolean fits, Partition.Segment segment) {
    if (!fits || !has(segment)) {
      throw new IllegalArgumentException(
          "segment '" + segment.name() + "' (expected: one held here: " + names(segments) + ")");
    }
    return segment;
  }

  /** The segments of those names, or all that are here, if they lead from the input to the loss. */
  List<Partition.Segment> route(String... names) {
    var named =
        names.length == 0 ? segments : Arrays.stream(names).map(use.partition()::segment).toList();
    if (named.isEmpty()
        || !isFirst(named.getFirst())
        || !isLast(named.getLast())
        || !segments.containsAll(named)) {
      throw new IllegalArgumentException(
          "route: "
              + names(named)
              + " (expected: segments held here, from '"
              + first().name()
              + "' to '"
              + last().name()
              + "'; held: "
              + names(segments)
              + ")");
    }
    return named;
  }

  private static List<String> names(List<Partition.Segment> segments) {
    return segments.stream().map(Partition.Segment::name).toList();
  }

  /** Whether a segment, here or elsewhere, is trained as a whole. */
  boolean everything(Partition.Segment segment) {
    return BertShapes.flat(use.of(segment)).stream()
        .anyMatch(part -> part instanceof Parameterisation.Everything);
  }

  /** Where a soft prompt joins the input; null if there is none. */
  @Nullable Placing placing() {
    for (var part : BertShapes.flat(use.of(first()))) {
      if (part instanceof Parameterisation.SoftPrompt prompt) {
        return prompt.placing();
      }
    }
    return null;
  }

  /** The trained variables of segments that must be here. */
  List<TensorSpec> trained(Function<Partition.Segment, List<TensorSpec>> trained, String... names) {
    return Arrays.stream(names).flatMap(name -> trained.apply(segment(name)).stream()).toList();
  }

  /** The pre-trained variables here, in order, but for those that are trained. */
  List<TensorSpec> frozen(BertShapes shapes, List<TensorSpec> trained) {
    var names = trained.stream().map(TensorSpec::name).collect(Collectors.toSet());
    return segments.stream()
        .flatMap(segment -> shapes.base(use.partition(), segment).stream())
        .filter(spec -> !names.contains(spec.name()))
        .toList();
  }

  /** Whether anybody trains variables before the last segment. */
  boolean trainsBelow(Function<Partition.Segment, List<TensorSpec>> trained) {
    return use.partition().segments().stream()
        .anyMatch(segment -> !isLast(segment) && !trained.apply(segment).isEmpty());
  }
}
