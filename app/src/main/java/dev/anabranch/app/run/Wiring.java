package dev.anabranch.app.run;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.report.ClaimRow;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Instrument;
import dev.anabranch.core.Shard;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Everything that a run is made of, from whatever modules there are. */
public interface Wiring extends AutoCloseable {
  Catalog catalog();

  /** Reads, splits and tokenizes the examples of a plan. */
  Dataset dataset(RunPlan plan);

  /** Unlabelled lines as the plan's model reads them, all of class 0. */
  Shard lines(RunPlan plan, List<String> lines);

  /**
   * All examples of a file of the user's own, read as the plan reads its source.
   *
   * @param classes of the run, by index
   */
  default Shard own(RunPlan plan, Path file, List<String> classes) {
    throw AnabranchException.expected(
        Failure.UNSUPPORTED, "--data", file, "data of the plan's own source");
  }

  /**
   * Between texts and tokens of a language model.
   *
   * @param read a text's tokens, with those that begin it
   * @param write the text of tokens
   * @param end the token that ends a text; below 0: none
   */
  record Words(Function<String, int[]> read, Function<int[], String> write, int end) {}

  /** The words of a plan's model; empty if it is no language model. */
  default Optional<Words> words(RunPlan plan) {
    return Optional.empty();
  }

  /** Loads the model of a plan. */
  Engine engine(RunPlan plan, int classes);

  /**
   * An engine with the shapes and costs of the plan's model, but without values; empty where there
   * is no such engine for it, so that nothing can be said in advance.
   */
  Optional<Engine> dryEngine(RunPlan plan, int classes);

  /** The same as an engine without values, with even less in it; empty if there is none. */
  default Optional<Thin> thin(Engine dry) {
    return Optional.empty();
  }

  Fabric fabric(RunPlan plan);

  /**
   * The large model that a plan puts beside the coordinator; empty if it names none.
   *
   * @param engine of the plan's own model, whose tokens it must know
   */
  default Optional<BlackBox> large(RunPlan plan, Engine engine) {
    return Optional.empty();
  }

  /** What is measured beside a state's score. */
  default List<Instrument> instruments(RunPlan plan, Engine engine, Evaluation evaluation) {
    return List.of();
  }

  /** Frees what it has opened itself. */
  @Override
  default void close() {}

  /** In which form trained variables are written for other programs. */
  enum Form {
    /** An adapter of Hugging Face PEFT. */
    PEFT,
    /** A Hugging Face folder with the whole model. */
    MERGED
  }

  /** Writes what a run has trained into an empty folder. */
  void export(TrainedRun run, Form form, Path folder);

  /** Writes one page about runs. */
  default void report(List<Path> runs, Path page) {
    report(runs, List.of(), page);
  }

  /** Writes one page about runs and the published claims that they were to show. */
  void report(List<Path> runs, List<ClaimRow> claims, Path page);
}
