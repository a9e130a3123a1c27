package dev.anabranch.app.run;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.report.ClaimRow;
import dev.anabranch.app.report.ReportPage;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Check;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Instrument;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Shard;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Example;
import dev.anabranch.data.Examples;
import dev.anabranch.data.Holdout;
import dev.anabranch.data.ImageShard;
import dev.anabranch.data.ImageShard.Augment;
import dev.anabranch.data.LanguageShard;
import dev.anabranch.data.Partitioner;
import dev.anabranch.data.Partitioners;
import dev.anabranch.data.Pictures;
import dev.anabranch.data.Source;
import dev.anabranch.data.Sources;
import dev.anabranch.data.TextShard;
import dev.anabranch.data.TextTokenizer;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.methods.distillation.FedPt;
import dev.anabranch.parts.ProxyTuning;
import dev.anabranch.torch.DryEngine;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.HuggingFaceExport;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.Models;
import dev.anabranch.torch.PeftFolder;
import dev.anabranch.torch.Picture;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The modules on the class path. Modules are touched when they are first needed. Not thread-safe.
 */
public final class InstalledWiring implements Wiring {
  /** In the first rounds the virtual machine compiles, which takes and frees memory. */
  private static final long WARM = 2;

  private final Map<Map<String, ?>, ModelSource> models = new HashMap<>();
  private final Map<Map<String, ?>, TextTokenizer> tokenizers = new HashMap<>();
  private final Larges larges = new Larges();
  private final Map<Map<String, ?>, Integer> ends = new HashMap<>();
  private final Map<Map<String, ?>, Optional<Picture>> shapes = new HashMap<>();

  @Override
  public Catalog catalog() {
    return new Catalog(
        Installed.methods(),
        Models.KINDS,
        Sources.KINDS,
        Partitioners.KINDS,
        Installed.codecs(),
        Installed.profiles());
  }

  private ModelSource model(RunPlan plan) {
    return models.computeIfAbsent(
        plan.modelKey(), key -> plan.model(ModelSource.class).keeping(plan.keepLayers()));
  }

  private TextTokenizer tokenizer(RunPlan plan) {
    return tokenizers.computeIfAbsent(
        plan.tokenizerKey(), key -> new TextTokenizer(model(plan).tokenizer(), plan.maxTokens()));
  }

  @Override
  public Dataset dataset(RunPlan plan) {
    var examples = source(plan).load(Cache.ofUser());
    var split = Holdout.stratified(examples, plan.holdout(), plan.seed());
    var devices =
        split.inCorpus(
            plan.partition(Partitioner.class)
                .split(
                    examples.labels(split.train()),
                    examples.devices(split.train()),
                    Seeds.stream(plan.seed(), "partition")));
    split.requireLabelsIn(examples, devices);
    var shards = new ArrayList<Shard>();
    for (int i = 0; i < devices.size(); i++) {
      shards.add(shard(plan, "device " + i, examples, devices.get(i)));
    }
    var holdout =
        split.holdout().length == 0
            ? new NoExamples()
            : shard(plan, "the hold-out", examples, split.holdout());
    var publicText =
        plan.publicSource(Source.class)
            .map(source -> source.load(Cache.ofUser()))
            .map(text -> shard(plan, "public text", text, all(text.size())))
            .orElse(null);
    return new Dataset(shards, holdout, examples.classes(), examples.sha256(), publicText);
  }

  /** The source of a plan; its examples are what the task is about. */
  private static Source source(RunPlan plan) {
    var source = plan.source(Source.class);
    boolean images = source.normal() != null;
    Check.that(
        images == plan.images(),
        "data.source",
        plan.sourceName(),
        "a source of " + (plan.images() ? "images" : "texts") + ", as task.kind says");
    Check.that(
        images || plan.augment().equals("none"),
        "task.augment",
        plan.augment(),
        "none: examples are texts");
    return source;
  }

  private Shard shard(RunPlan plan, String name, Examples examples, int[] positions) {
    return switch (examples) {
      case Corpus texts when plan.languageModel() ->
          new LanguageShard(name, texts, positions, tokenizer(plan), end(plan));
      case Corpus texts -> new TextShard(name, texts, positions, tokenizer(plan));
      case Pictures pictures ->
          new ImageShard(name, pictures, positions, augment(plan), shape(plan, pictures));
    };
  }

  /** What the plan's model reads; of a model that reads texts, which is refused, nothing. */
  private Pictures.Shape shape(RunPlan plan, Pictures pictures) {
    int classes = 2; // of any number it reads the same
    return shapes
        .computeIfAbsent(plan.modelKey(), key -> Engines.picture(model(plan), task(plan, classes)))
        .map(picture -> new Pictures.Shape(picture.channels(), picture.size(), picture.size()))
        .orElse(pictures.shape());
  }

  private static int[] all(int size) {
    return IntStream.range(0, size).toArray();
  }

  private int end(RunPlan plan) {
    return ends.computeIfAbsent(plan.modelKey(), key -> Engines.end(model(plan)));
  }

  private static Augment augment(RunPlan plan) {
    return plan.augment().equals("none") ? Augment.NONE : Augment.CROP_FLIP;
  }

  @Override
  public Shard lines(RunPlan plan, List<String> lines) {
    int[] all = IntStream.range(0, lines.size()).toArray();
    var source = source(plan);
    if (source.normal() != null) {
      var files = lines.stream().map(InstalledWiring::path).toList();
      var pictures = Pictures.unlabelled(files, source.normal());
      return new ImageShard("standard input", pictures, all, Augment.NONE, shape(plan, pictures));
    }
    boolean pairs = source.pairs();
    var examples = lines.stream().map(line -> example(line, pairs)).toList();
    var corpus = new Corpus(examples, List.of("unknown"), "");
    return shard(plan, "standard input", corpus, all);
  }

  @Override
  public Shard own(RunPlan plan, Path file, List<String> classes) {
    if (!plan.sourceName().equals("file")) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          "data.source",
          plan.sourceName(),
          "file, as this device has examples of its own in " + file);
    }
    var mine = plan.set(List.of("data.source.file.path=" + file, "data.source.file.sha256="));
    if (!(source(mine).load(Cache.ofUser()) instanceof Corpus corpus)) {
      throw AnabranchException.expected(Failure.UNSUPPORTED, "--data", file, "a file of texts");
    }
    return shard(
        plan, "the data of this device", inClasses(corpus, file, classes), all(corpus.size()));
  }

  /** The same examples with labels as the run counts them. */
  private static Corpus inClasses(Corpus corpus, Path file, List<String> classes) {
    for (var name : corpus.classes()) {
      if (!classes.contains(name)) {
        throw AnabranchException.expected(
            Failure.DATA,
            "labels of " + file,
            "'" + name + "'",
            "one of those that the run knows: " + String.join(", ", classes));
      }
    }
    var examples =
        corpus.examples().stream()
            .map(e ->
                new Example(
                    e.text(),
                    e.pair(),
                    classes.indexOf(corpus.classes().get(e.label())),
                    e.device()))
            .toList();
    return new Corpus(examples, classes, corpus.sha256());
  }

  private static Path path(String line) {
    try {
      return Path.of(line);
    } catch (InvalidPathException e) {
      throw new AnabranchException(
          Failure.DATA,
          "standard input: '" + line + "' (expected: the path of a PNG image on each line)",
          e);
    }
  }

  private static Example example(String line, boolean pair) {
    int tab = line.indexOf('\t');
    if (pair && tab < 0) {
      throw AnabranchException.expected(
          Failure.DATA,
          "standard input",
          "'" + (line.length() > 40 ? line.substring(0, 40) + "…" : line) + "' without a tab",
          "two texts with a tab between them on each line, as the run was trained on pairs");
    }
    return pair
        ? new Example(line.substring(0, tab), line.substring(tab + 1), 0, null)
        : new Example(line, null, 0, null);
  }

  @Override
  public Optional<Words> words(RunPlan plan) {
    if (!plan.languageModel()) {
      return Optional.empty();
    }
    var tokenizer = tokenizer(plan);
    return Optional.of(
        new Words(text -> tokenizer.encode(text, null).ids(), tokenizer::decode, end(plan)));
  }

  @Override
  public Engine engine(RunPlan plan, int classes) {
    var task = task(plan, classes);
    var engine = Engines.open(model(plan), task, precision(plan), plan.lanes());
    if (plan.adapter().isEmpty()) {
      return engine;
    }
    try {
      var adapter = PeftFolder.read(Path.of(plan.adapter()), model(plan), task);
      return new StartedEngine(
          engine,
          plan.adapter(),
          adapter.variables(),
          use -> PeftFolder.trained(model(plan), task, use));
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
  }

  @Override
  public Optional<BlackBox> large(RunPlan plan, Engine engine) {
    return plan.languageModel()
        ? larges.of(plan, engine, tokenizer(plan), precision(plan)).map(box -> box)
        : Optional.empty();
  }

  @Override
  public List<Instrument> instruments(RunPlan plan, Engine engine, Evaluation evaluation) {
    if (!plan.languageModel()) {
      return List.of();
    }
    var proxy =
        larges
            .of(plan, engine, tokenizer(plan), precision(plan))
            .map(box ->
                new LanguageScores.Proxy(box.predictor(), base(plan, evaluation), moved(plan)))
            .orElse(null);
    return List.of(
        LanguageScores.of(
            evaluation, proxy, plan.continued(), plan.newTokens(), tokenizer(plan)::decode));
  }

  private static @Nullable ProxyTuning moved(RunPlan plan) {
    return plan.method() instanceof FedPt method ? method.proxy() : null;
  }

  /** The model of a plan before anything is trained; null if the run's state keeps its own. */
  private static @Nullable Predictor base(RunPlan plan, Evaluation evaluation) {
    if (plan.method() instanceof FedPt) {
      return null;
    }
    var engine = evaluation.engine();
    var initial =
        engine
            .lanes()
            .run(
                () -> {
                  var seed = Seeds.seed(plan.seed(), "initial");
                  try (var model = engine.open(evaluation.use(), NodeId.Role.DEVICE, seed)) {
                    return model.trainable().copy();
                  }
                },
                false)
            .value();
    return engine.predictor(evaluation.use(), initial);
  }

  @Override
  public void close() {
    larges.close();
  }

  @Override
  public void export(TrainedRun run, Form form, Path folder) {
    var plan = run.plan();
    var export =
        new HuggingFaceExport(
            model(plan),
            task(plan, run.classes().size()),
            run.classes(),
            plan.method().use(run.engine().facts()),
            run.trained());
    switch (form) {
      case PEFT -> export.adapter(folder);
      case MERGED -> export.merged(folder);
    }
  }

  @Override
  public Optional<Engine> dryEngine(RunPlan plan, int classes) {
    return Optional.of(Engines.dry(model(plan), task(plan, classes), precision(plan)));
  }

  @Override
  public Optional<Thin> thin(Engine dry) {
    return dry instanceof DryEngine engine
        ? Optional.of(new Thin(engine.thin(), DryEngine::priced))
        : Optional.empty();
  }

  @Override
  public Optional<BlackBox> dryLarge(RunPlan plan) {
    return plan.languageModel() ? Larges.dry(plan, precision(plan)) : Optional.empty();
  }

  private static TorchEngine.Task task(RunPlan plan, int classes) {
    return new TorchEngine.Task(classes, plan.maxTokens(), plan.pooling(), plan.images());
  }

  private static Precision precision(RunPlan plan) {
    return Precision.valueOf(plan.frozenPrecision().toUpperCase(Locale.ROOT));
  }

  @Override
  public Fabric fabric(RunPlan plan) {
    long last = plan.methodNumber("rounds").orElse(1L) - 1;
    return new LocalFabric(plan.resident()).measuringFrom((int) Math.clamp(last, 0, WARM));
  }

  @Override
  public void report(List<Path> runs, List<ClaimRow> claims, Path page) {
    ReportPage.write(runs, claims, page);
  }
}
