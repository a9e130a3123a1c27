package dev.anabranch.testkit;

import dev.anabranch.core.Link;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Wraps links so that one message to the coordinator holds other tensors than it should, as a
 * faulty device may send them. Thread-safe.
 */
public final class ForeignMessages implements UnaryOperator<Link> {
  private final @Nullable String topic;
  private final Set<String> topics = new TreeSet<>();
  private final AtomicBoolean done = new AtomicBoolean();

  /**
   * @param topic the first message of this topic is changed; null: none is
   */
  public ForeignMessages(@Nullable String topic) {
    this.topic = topic;
  }

  /** The topics of all messages to the coordinator so far. */
  public synchronized Set<String> topics() {
    return new TreeSet<>(topics);
  }

  @Override
  public Link apply(Link link) {
    return link.peer().equals(NodeId.COORDINATOR) ? new ForeignLink(link) : link;
  }

  private synchronized void seen(String name) {
    topics.add(name);
  }

  @SuppressWarnings("unchecked")
  private <T> T changed(String name, T message) {
    seen(name);
    if (!name.equals(topic) || !done.compareAndSet(false, true)) {
      return message;
    }
    var foreign = TensorMap.zeros(List.of(TensorSpec.of("foreign", 2)));
    return switch (message) {
      case Update u -> (T) new Update(foreign, u.examples(), u.loss(), foreign);
      case TensorMap m -> (T) foreign;
      default -> message;
    };
  }

  private final class ForeignLink implements Link {
    private final Link link;

    ForeignLink(Link link) {
      this.link = link;
    }

    @Override
    public NodeId peer() {
      return link.peer();
    }

    @Override
    public <T> Sending post(Topic<T> sent, T message) {
      return link.post(sent, changed(sent.name(), message));
    }

    @Override
    public <T> T receive(Topic<T> expected) {
      return link.receive(expected);
    }

    @Override
    public boolean more() {
      return link.more();
    }
  }
}
