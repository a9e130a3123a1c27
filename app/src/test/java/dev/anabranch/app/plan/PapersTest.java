package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.papers.Papers;
import dev.anabranch.app.papers.Reproduction;
import dev.anabranch.app.run.InstalledWiring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The run plans of published claims. */
final class PapersTest {
  private static final Path PAPERS = Path.of("..", "papers");

  static List<Path> plans() throws IOException {
    try (var files = Files.walk(PAPERS)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.endsWith("claims.yaml"))
          .sorted()
          .toList();
    }
  }

  private static RunPlan plan(Path file) {
    return RunPlan.read(new InstalledWiring().catalog(), file, List.of());
  }

  @ParameterizedTest
  @MethodSource("plans")
  void everyPlanIsSound(Path file) {
    assertThat(plan(file).name()).isNotEmpty();
  }

  static List<String> papers() {
    return new Papers(PAPERS).names();
  }

  @ParameterizedTest
  @MethodSource("papers")
  void everyClaimIsSound(String paper) {
    var claims = new Papers(PAPERS).claims(paper);
    assertThat(claims.quick()).isNotEmpty();
    assertThat(
            new Reproduction(claims, false, List.of(), 0, null, false, List.of())
                .lacking(catalog()))
        .as("files that nothing is said about")
        .isEmpty();
    assertThat(
            new Reproduction(claims, true, List.of(), 0, null, false, List.of()).lacking(catalog()))
        .isEmpty();
  }

  private static Catalog catalog() {
    return new InstalledWiring().catalog();
  }

  @ParameterizedTest
  @ValueSource(strings = {"droppeft", "droppeft/quick", "caesar", "caesar/quick"})
  void plansOfAClaimShareDataAndModel(String folder) throws IOException {
    try (var files = Files.list(PAPERS.resolve(folder))) {
      var plans =
          files
              .filter(f -> f.toString().endsWith(".yaml") && !f.endsWith("claims.yaml"))
              .filter(f -> !f.getFileName().toString().startsWith("memory-"))
              .map(PapersTest::plan)
              .toList();
      assertThat(plans.stream().map(RunPlan::dataKey).distinct()).hasSize(1);
      assertThat(plans.stream().map(RunPlan::modelKey).distinct()).hasSize(1);
      assertThat(plans.stream().map(p -> shared(p.methodSettings())).distinct()).hasSize(1);
    }
  }

  /** What must be equal for visits to be compared; rounds and rates of DropPEFT are its own. */
  private static List<String> shared(Map<String, ?> settings) {
    return Stream.of("cohort", "examples", "batch")
        .map(knob -> String.valueOf(settings.get(knob)))
        .toList();
  }
}
