package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole model on one device, of which one segment is trained at a time. */
class SegmentsIT {
  private static final Batch BATCH = Given.batch(11, 5, 8, 40, 3);
  private static final int T = 8;
  private static final double RATE = 0.5;

  /** The embeddings, then each layer; the last with the classifier. */
  private static ModelUse blocks(int layers) {
    var segments = new ArrayList<Partition.Segment>();
    segments.add(new Partition.Segment("embeddings", 0, 0, NodeId.Role.DEVICE));
    for (int l = 0; l < layers; l++) {
      segments.add(new Partition.Segment("layer " + l, l, l + 1, NodeId.Role.DEVICE));
    }
    var trained = new LinkedHashMap<String, Parameterisation>();
    segments.forEach(s -> trained.put(s.name(), new Parameterisation.Everything()));
    return new ModelUse(new Partition(layers, segments), trained);
  }

  /** A classifier, or a language model of another family. */
  private static Engine engine(String folder) throws Exception {
    var path = Given.golden(folder);
    return folder.equals("bert")
        ? Given.tinyEngine(Pooling.MEAN, 1)
        : Engines.open(
            new ModelSource(folder, path, path, "0"),
            new TorchEngine.Task(0, 16, Pooling.NONE),
            Precision.FP32,
            1);
  }

  private static Batch batch(Engine engine) {
    if (engine.facts().pooling() != Pooling.NONE) {
      return BATCH;
    }
    var tokens = (Inputs.Tokens) BATCH.inputs();
    int[] next = new int[tokens.ids().length];
    for (int i = 0; i < next.length; i++) {
      next[i] = i % T + 1 < tokens.lengths()[i / T] ? tokens.ids()[i + 1] : -1;
    }
    return new Batch(BATCH.rows(), tokens, next);
  }

  /** What one step of plain gradient descent adds. */
  private static TensorMap step(Model model, Batch batch) {
    var before = model.trainable().copy();
    try (var stepper = model.optimizer(OptimizerSpec.sgd(RATE, 0))) {
      stepper.zero();
      model.route().lossAndGradient(batch);
      stepper.step();
    }
    return model.trainable().minus(before);
  }

  private static TensorMap noise(TensorMap like) {
    var random = dev.anabranch.core.Seeds.stream(3, "noise");
    var out = TensorMap.zeros(like.specs());
    for (long i = 0; i < out.elements(); i++) {
      float value = (float) (random.nextGaussian() * 0.02);
      out.data().setAtIndex(dev.anabranch.core.Tensor.FLOAT, i, value);
    }
    return out;
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "llama", "gpt2"})
  void oneSegmentMovesAsInTheWholeAndTheOthersStay(String folder) throws Exception {
    try (var engine = engine(folder)) {
      var use = blocks(engine.facts().layers());
      engine
          .lanes()
          .run(
              () -> {
                try (var model = engine.open(use, NodeId.Role.DEVICE, 5)) {
                  // Values of their own everywhere: a frozen weight in place of one would be seen.
                  var start = model.trainable().copy();
                  var at = start.plus(noise(start));
                  model.trainable().load(at);
                  var whole = step(model, batch(engine));
                  for (var segment : use.partition().segments()) {
                    model.trainable().load(at);
                    model.train(segment.name());
                    var alone = step(model, batch(engine));
                    var names = model.trainable(segment.name()).copy();
                    assertThat(names.size()).isPositive();
                    for (var spec : alone.specs()) {
                      float[] moved = alone.get(spec.name()).toArray();
                      float[] expected = whole.get(spec.name()).toArray();
                      for (int i = 0; i < moved.length; i++) {
                        float other = names.has(spec.name()) ? expected[i] : 0;
                        assertThat(moved[i])
                            .as(segment.name() + ": " + spec.name())
                            .isCloseTo(other, within(1e-5f));
                      }
                    }
                  }
                }
                return true;
              },
              false);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "llama", "gpt2"})
  void aSegmentIsCopiedAndLoadedAlone(String folder) throws Exception {
    try (var engine = engine(folder)) {
      var use = blocks(engine.facts().layers());
      engine
          .lanes()
          .run(
              () -> {
                try (var model = engine.open(use, NodeId.Role.DEVICE, 5)) {
                  for (var segment : use.partition().segments()) {
                    var whole = model.trainable().copy();
                    var part = model.trainable(segment.name());
                    var values = part.copy();
                    assertThat(values.sha256()).isEqualTo(whole.select(values::has).sha256());
                    var other = values.plus(noise(values));
                    part.load(other);
                    assertThat(part.copy().sha256()).isEqualTo(other.sha256());
                    var now = model.trainable().copy();
                    assertThat(now.select(n -> !values.has(n)).sha256())
                        .isEqualTo(whole.select(n -> !values.has(n)).sha256());
                  }
                }
                return true;
              },
              false);
    }
  }

  private static List<Long> macs(Engine engine, ModelUse use) {
    var out = new ArrayList<Long>();
    for (var segment : use.partition().segments()) {
      try (var model = engine.lanes().run(() -> open(engine, use, segment.name()), false).value()) {
        out.add(engine.lanes().run(() -> model.route().lossAndGradient(BATCH), false).macs());
      }
    }
    return out;
  }

  private static Model open(Engine engine, ModelUse use, String segment) {
    var model = engine.open(use, NodeId.Role.DEVICE, 5);
    model.train(segment);
    return model;
  }

  @Test
  void theBackwardPassEndsAtTheTrainedSegment() throws Exception {
    var task = new TorchEngine.Task(3, 16, Pooling.MEAN);
    try (var engine = Given.tinyEngine(Pooling.MEAN, 1);
        var dry = DryEngine.open(Given.tiny(), task, Precision.FP32)) {
      var counts = macs(engine, blocks(Given.TINY_LAYERS));
      // Of the layers, from first to last, less and less; the embeddings need the way to the
      // bottom.
      assertThat(counts.subList(1, counts.size()))
          .isSortedAccordingTo((a, b) -> Long.compare(b, a));
      assertThat(counts.get(1)).isGreaterThan(counts.get(3));
      assertThat(macs(dry, blocks(Given.TINY_LAYERS))).isEqualTo(counts);
    }
  }

  /**
   * Bytes by which two steps of AdamW on one segment grow, as a fabric would measure it: the middle
   * of several readings, for the virtual machine's compiler takes and frees memory meanwhile.
   */
  private static long growth(Engine engine, ModelUse use, String... segments) {
    var batch = Given.batch(1, 4, 16, 30_000, 2);
    long[] grown = new long[7];
    for (int i = 0; i < grown.length; i++) {
      long before = engine.lanes().liveNativeBytes();
      var done =
          engine
              .lanes()
              .run(
                  () -> {
                    try (var model = engine.open(use, NodeId.Role.DEVICE, 1)) {
                      if (segments.length > 0) {
                        model.train(segments);
                      }
                      try (var stepper = model.optimizer(OptimizerSpec.adamw(1e-4))) {
                        for (int step = 0; step < 2; step++) {
                          stepper.zero();
                          model.route().lossAndGradient(batch);
                          stepper.step();
                        }
                      }
                      return true;
                    }
                  },
                  true);
      grown[i] = done.peakNativeBytes() - before;
    }
    Arrays.sort(grown);
    return grown[grown.length / 2];
  }

  @Test
  void gradientsAndMomentsAreOfOneSegmentAlone() {
    try (var engine = Given.miniLm(Precision.FP32, 1);
        var dry =
            DryEngine.open(
                Given.model("all-minilm-l6-v2"),
                new TorchEngine.Task(2, 64, Pooling.MEAN),
                Precision.FP32)) {
      var use = blocks(6);
      long layer = 4L * (4 * (384 * 384 + 384) + 2 * 384 * 1536 + 1536 + 384 + 4 * 384);
      long whole = growth(engine, use);
      long one = growth(engine, use, "layer 5");
      // Five layers fewer, each with a gradient and two moments; activations are small here.
      assertThat(whole - one).isGreaterThan(5 * 3 * layer * 9 / 10);
      double told = growth(dry, use, "layer 5");
      double held = one;
      assertThat(told).isCloseTo(held, within(0.1 * held + 6e6));
    }
  }
}
