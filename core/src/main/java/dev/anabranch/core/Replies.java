package dev.anabranch.core;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * The replies of a round, in device order. They are read while they are iterated, each once, so
 * that a thousand of them never sit in memory together; a message's tensors may be freed when the
 * next one is asked for.
 */
public final class Replies<T> implements Iterable<Reply<T>> {
  private final Iterator<Reply<T>> source;
  private final Map<NodeId, String> lost = new TreeMap<>();
  private final TreeMean means;

  /** Where replies come from; a fabric implements it. */
  public interface Source<T> {
    /** The next sound reply; null when there are no more, after the quorum has been checked. */
    @org.jspecify.annotations.Nullable
    Reply<T> next(Map<NodeId, String> lost);
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
          private @org.jspecify.annotations.Nullable Reply<T> ahead;
          private boolean ended;

          @Override
          public boolean hasNext() {
            if (ahead == null && !ended) {
              ahead = source.next(lost);
              ended = ahead == null;
            }
            return ahead != null;
          }

          @Override
          public Reply<T> next() {
            if (!hasNext()) {
              throw new java.util.NoSuchElementException();
            }
            var reply = java.util.Objects.requireNonNull(ahead);
            ahead = null;
            return reply;
          }
        };
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

  /** Weighted mean over the replies, in double, along a fixed tree over device indices. */
  public TensorMap mean(Function<T, TensorMap> value, ToDoubleFunction<T> weight) {
    return mean(value, (from, message) -> weight.applyAsDouble(message));
  }

  /** The same with weights that depend on who sent. */
  public TensorMap mean(Function<T, TensorMap> value, ToDoubleBiFunction<NodeId, T> weight) {
    var fold = means.startWhole(TensorMap.empty());
    source.forEachRemaining(reply ->
        fold.add(
            reply.from(),
            value.apply(reply.message()),
            weight.applyAsDouble(reply.from(), reply.message())));
    return fold.finish();
  }
}
