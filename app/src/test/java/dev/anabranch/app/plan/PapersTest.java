package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.run.InstalledWiring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The plans of {@code papers}: each can be read, and names a method that can be built. */
final class PapersTest {
  @Test
  void everyPlanIsOneThatRuns() throws IOException {
    var papers = Path.of("").toAbsolutePath().resolveSibling("papers");
    var catalog = new InstalledWiring().catalog();
    int seen = 0;
    try (var files = Files.walk(papers)) {
      for (var file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        var plan = RunPlan.read(catalog, file, List.of());
        assertThat(plan.method().card().name()).as(file.toString()).isNotEmpty();
        seen++;
      }
    }
    assertThat(seen).isPositive();
  }
}
