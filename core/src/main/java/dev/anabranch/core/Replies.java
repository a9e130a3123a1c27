package dev.anabranch.core;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The replies of a round, in device order. They are read while they are iterated, each once, so
 * that a thousand of them never sit in memory together; a message's tensors may be freed when the
 * next one is asked for.
 */
public final class Replies<T> implements Iterable<Reply<T>> {
  private final Iterator<Reply<T>> source;
  private final Map<NodeId, String> lost = new TreeMap<>();
  private final TreeMean means;
  private Function<T, Optional<String>> defect = message -> Optional.empty();

  /** Where replies come from; a fabric implements it. */
  public interface Source<T> {
    /** The next sound reply; null when there are no more, after the quorum has been checked. */
    @Nullable Reply<T> next(Map<NodeId, String> lost);

    /** The last one is none: its sender counts as lost. */
    void refuse(Reply<T> last, String defect, Map<NodeId, String> lost);
  }

  public Replies(Source<T> source) {
    this(source, new TreeMean());
  }

  /**
   * @param means adds up the replies for {@link #mean}
   */
  public Replies(Source<T> source, TreeMean means) {
    this.means = means;
    this.source =
        new Iterator<>() {
          private @Nullable Reply<T> ahead;
          private boolean ended;

          @Override
          public boolean hasNext() {
            if (ahead == null && !ended) {
              ahead = sound(source);
              ended = ahead == null;
            }
            return ahead != null;
          }

          @Override
          public Reply<T> next() {
            if (!hasNext()) {
              throw new java.util.NoSuchElementException();
            }
            var reply = Objects.requireNonNull(ahead);
            ahead = null;
            return reply;
          }
        };
  }

  private @Nullable Reply<T> sound(Source<T> from) {
    while (true) {
      var reply = from.next(lost);
      var wrong = reply == null ? Optional.<String>empty() : defect.apply(reply.message());
      if (reply == null || wrong.isEmpty()) {
        return reply;
      }
      from.refuse(reply, wrong.get(), lost);
    }
  }

  /**
   * Refuses from here on what is wrong for whoever reads it: its sender counts as lost.
   *
   * @param wrong gives {@code name: value (expected: …)}, or nothing if a message is sound
   * @return these
   */
  public Replies<T> checked(Function<T, Optional<String>> wrong) {
    var before = defect;
    defect = message -> before.apply(message).or(() -> wrong.apply(message));
    return this;
  }

  @Override
  public Iterator<Reply<T>> iterator() {
    return source;
  }

  /** Devices without a sound reply so far, each with the reason. */
  public Map<NodeId, String> lost() {
    return Map.copyOf(lost);
  }

  /** All replies at once, for small messages. */
  public List<Reply<T>> toList() {
    var all = new java.util.ArrayList<Reply<T>>();
    source.forEachRemaining(all::add);
    return all;
  }

  /**
   * Weighted mean over the replies, in double, along a fixed tree over device indices.
   *
   * @param variables what each has to hold; a reply with others is refused
   */
  public TensorMap mean(
      List<TensorSpec> variables, Function<T, TensorMap> value, ToDoubleFunction<T> weight) {
    return mean(variables, value, (from, message) -> weight.applyAsDouble(message));
  }

  /** The same with weights that depend on who sent. */
  public TensorMap mean(
      List<TensorSpec> variables,
      Function<T, TensorMap> value,
      ToDoubleBiFunction<NodeId, T> weight) {
    var fold = means.startWhole(TensorMap.empty());
    checked(message -> value.apply(message).difference(variables));
    source.forEachRemaining(reply ->
        fold.add(
            reply.from(),
            value.apply(reply.message()),
            weight.applyAsDouble(reply.from(), reply.message())));
    return fold.finish();
  }
}
