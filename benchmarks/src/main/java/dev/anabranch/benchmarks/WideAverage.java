package dev.anabranch.benchmarks;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Device;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.Setup;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import dev.anabranch.methods.Averaging;
import dev.anabranch.parts.UniformCohort;
import dev.anabranch.testkit.WholeModel;
import java.util.List;
import java.util.Set;

/**
 * Federated averaging of variables of any size, whose devices do not train: all of a process send
 * the same update, of which there is one.
 *
 * @param bytes of the variables
 * @param sent what devices send; empty at the coordinator
 */
record WideAverage(int rounds, int devices, long bytes, TensorMap sent)
    implements RoundMethod<TensorMap, TensorMap, Update>, WholeModel {
  /** As the coordinator runs it. */
  static WideAverage coordinator(int rounds, int devices, long bytes) {
    return new WideAverage(rounds, devices, bytes, TensorMap.empty());
  }

  /** As devices run it. */
  static WideAverage device(int rounds, int devices, long bytes) {
    var sent = variables(bytes);
    for (long i = 0; i < sent.elements(); i++) {
      sent.data().setAtIndex(Tensor.FLOAT, i, (i % 1013) * 0x1p-12f);
    }
    return new WideAverage(rounds, devices, bytes, sent);
  }

  private static TensorMap variables(long bytes) {
    return TensorMap.zeros(List.of(TensorSpec.of("all", bytes / Float.BYTES)));
  }

  @Override
  public Card card() {
    return new Card("wide-average", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public TensorMap begin(Setup setup) {
    return variables(bytes);
  }

  @Override
  public CohortPolicy cohort() {
    return new UniformCohort(devices);
  }

  @Override
  public Quorum quorum() {
    return new Quorum(devices);
  }

  @Override
  public Topic<TensorMap> down() {
    return new Topic<>("global", sent.size() == 0 ? Codecs.TENSORS : new Nothing());
  }

  @Override
  public Topic<Update> up() {
    return new Topic<>("update", sent.size() == 0 ? Codecs.UPDATE : new One(sent));
  }

  @Override
  public TensorMap offer(TensorMap state, int round) {
    return state;
  }

  @Override
  public Update work(Device me, TensorMap offer) {
    return new Update(TensorMap.empty(), me.id().index() + 1, 0.5);
  }

  @Override
  public TensorMap fold(TensorMap state, Replies<Update> replies) {
    return Averaging.add(state, replies, true);
  }

  /** Variables that were forgotten as they came. */
  private record Nothing() implements Codec<TensorMap> {
    @Override
    public String id() {
      return Codecs.TENSORS.id();
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(TensorMap message, WireOut out, Memory memory) {
      throw new UnsupportedOperationException("only received");
    }

    @Override
    public TensorMap decode(WireIn in, Memory memory) {
      return TensorMap.empty();
    }
  }

  /** Sends the one update in place of any, without a copy. */
  private record One(TensorMap sent) implements Codec<Update> {
    @Override
    public String id() {
      return Codecs.UPDATE.id();
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(Update message, WireOut out, Memory memory) {
      Codecs.UPDATE.encode(new Update(sent, message.examples(), message.loss()), out, memory);
    }

    @Override
    public Update decode(WireIn in, Memory memory) {
      throw new UnsupportedOperationException("only sent");
    }
  }
}
