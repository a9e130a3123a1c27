package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.TorchEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is said of a large input against what the real passes take on it: to the byte. */
class ProbeIT {
  private static final Probe.Size LARGE = new Probe.Size(3, 11, 7);

  private static FamilyBase base(String folder) throws Exception {
    var name = "/golden/" + folder;
    var path = Path.of(Objects.requireNonNull(ProbeIT.class.getResource(name), name).toURI());
    boolean images = folder.equals("vit");
    var pooling = images || folder.equals("roberta") ? Pooling.CLS : Pooling.NONE;
    var source = new ModelSource(folder, path, path, "0");
    var stored = new Unread(Formats.open(source));
    return FamilyBase.open(source, stored, new TorchEngine.Task(3, 16, pooling, images), false);
  }

  static Stream<String> families() {
    return Stream.of("llama", "qwen2", "gpt2", "roberta", "vit");
  }

  private static List<Parameterisation> all(Family family) {
    return Stream.<Parameterisation>of(
            new Parameterisation.Everything(),
            new Parameterisation.Biases(),
            new Parameterisation.Lora(2, 4, List.of("all-linear")),
            new Parameterisation.Prefix(3),
            new SoftPrompt(3, SoftPrompt.Placing.WORDS))
        .filter(family::takes)
        .filter(how ->
            !(how instanceof Parameterisation.Biases)
                || family.layer(0).stream().anyMatch(spec -> spec.name().endsWith(".bias")))
        .toList();
  }

  private static Sample sample(Family family, boolean padded, int prompts) {
    if (family.images()) {
      var images = new Inputs.Images(new float[3 * 3 * 16 * 16], 3, 16, 16);
      return Sample.of(family, new Batch(new int[3], images, new int[3]), prompts);
    }
    int[] lengths = new int[LARGE.b()];
    Arrays.fill(lengths, LARGE.t() - (padded ? 1 : 0));
    int[] ids = new int[LARGE.b() * LARGE.t()];
    int[] labels = new int[family.languageModel() ? ids.length : LARGE.b()];
    if (family.languageModel()) {
      Arrays.fill(labels, LARGE.n(), labels.length, -1);
    }
    var tokens = new Inputs.Tokens(ids, LARGE.t(), lengths, ids);
    return Sample.of(family, new Batch(new int[LARGE.b()], tokens, labels), prompts);
  }

  private static List<Long> real(FamilyBase base, Probe.Key key, Probe.Work work, Sample s) {
    try (var lanes = new LaneThreads(1)) {
      return lanes
          .run(
              () -> {
                try (var model = base.model(key.use(), key.held(), 0);
                    var count = Allocations.begin()) {
                  Probe.look(model, Sample.NOTHING, work, s.size(), count);
                  var seen = Probe.look(model, Sample.NOTHING, work, s.size(), count);
                  return Arrays.stream(seen.counts()).boxed().toList();
                }
              },
              false)
          .value();
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void largeInputsTakeWhatIsSaid(String folder) throws Exception {
    try (var base = base(folder);
        var probe = new Probe(base(folder))) {
      for (var how : all(base.family())) {
        var whole = Partition.whole(base.family().layers(), NodeId.Role.DEVICE);
        var use = new ModelUse(whole, Map.of("whole", how));
        for (boolean padded : new boolean[] {false, true}) {
          var s = sample(base.family(), padded, use.prompts());
          Map<String, Probe.Work> works =
              Map.of(
                  "loss",
                  (model, size) -> {
                    model.walk().loss(s.batch(size));
                    return Sample.NO_SHAPE;
                  },
                  "gradient",
                  (model, size) -> {
                    model.walk().lossAndGradient(s.batch(size));
                    return Sample.NO_SHAPE;
                  });
          works.forEach((name, work) -> {
            var key = new Probe.Key(use, whole.segments(), null, List.of(name, s.name()));
            var said = probe.took(key, Sample.NOTHING, work, s.least(), s.size());
            var all = new ArrayList<Long>(List.of(said.macs(), said.left()));
            all.addAll(said.live());
            assertThat(all)
                .as("%s %s padded %s", how, name, padded)
                .isEqualTo(real(base, key, work, s));
          });
        }
      }
    }
  }
}
