package dev.anabranch.app.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.anabranch.methods.planted.PlantedMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.anabranch");

  private static final JavaClasses PLANTED =
      new ClassFileImporter().importPackages("dev.anabranch.methods.planted");

  /** Tests of the modules that come before this one in the build. */
  private static final JavaClasses TESTS =
      new ClassFileImporter()
          .importPaths(
              Stream.of("core", "parts", "methods", "testkit", "fabrics/local", "fabrics/grpc")
                  .map(module -> root().resolve(module).resolve("target/test-classes"))
                  .toList());

  private static Path root() {
    return Path.of("").toAbsolutePath().getParent();
  }

  private static Map<String, ArchRule> rules() {
    var rules = new LinkedHashMap<String, ArchRule>();
    rules.put("core needs the JDK alone", Rules.CORE_NEEDS_THE_JDK_ALONE);
    Rules.arrows().keySet().stream()
        .sorted()
        .forEach(module -> {
          rules.put("arrows of " + module, Rules.arrows(module));
          rules.put("internals of " + module, Rules.internals(module));
        });
    rules.put("native tensors in torch alone", Rules.NATIVE_TENSORS_IN_TORCH_ALONE);
    rules.put("transports in grpc and service alone", Rules.TRANSPORTS_IN_GRPC_AND_SERVICE_ALONE);
    rules.put(
        "databases and certificates in service alone",
        Rules.DATABASES_AND_CERTIFICATES_IN_SERVICE_ALONE);
    rules.put(
        "common parts of fabrics in fabrics alone", Rules.COMMON_PARTS_OF_FABRICS_IN_FABRICS_ALONE);
    rules.put("no mocks", Rules.NO_MOCKS);
    rules.put("no package cycles", Rules.NO_PACKAGE_CYCLES);
    rules.put("only fabrics charge", Rules.ONLY_FABRICS_CHARGE);
    rules.put("methods are records", Rules.METHODS_ARE_RECORDS);
    rules.put("methods are deterministic", Rules.METHODS_ARE_DETERMINISTIC);
    rules.put("no mutable statics", Rules.NO_MUTABLE_STATICS);
    rules.put("sources are cited", Rules.SOURCES_ARE_CITED);
    rules.put("classes are final", Rules.CLASSES_ARE_FINAL);
    rules.put("contracts are tested", Rules.contractsAreTested(TESTS));
    return rules;
  }

  @TestFactory
  Stream<DynamicTest> rulesHold() {
    return rules().entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(CLASSES)));
  }

  @Test
  void classesOfEveryModuleAreSeen() {
    for (var module : Rules.arrows().keySet()) {
      assertThat(CLASSES.stream().map(c -> c.getPackageName()))
          .as(module)
          .anyMatch(name -> name.startsWith("dev.anabranch." + module));
    }
  }

  /** A rule that reports nothing may be a rule that sees nothing. */
  @TestFactory
  Stream<DynamicTest> plantedViolationsAreReported() {
    return Stream.of(
            Map.entry("clock", Rules.METHODS_ARE_DETERMINISTIC),
            Map.entry("class", Rules.METHODS_ARE_RECORDS),
            Map.entry("uncited", Rules.SOURCES_ARE_CITED),
            Map.entry("counter", Rules.NO_MUTABLE_STATICS),
            Map.entry("open", Rules.CLASSES_ARE_FINAL),
            Map.entry("charge", Rules.ONLY_FABRICS_CHARGE),
            Map.entry("untested", Rules.contractsAreTested(TESTS)),
            Map.entry("arrow", Rules.arrows("methods")))
        .map(planted ->
            DynamicTest.dynamicTest(
                planted.getKey(),
                () ->
                    assertThatThrownBy(() -> planted.getValue().check(PLANTED))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining(PlantedMethod.class.getSimpleName())));
  }

  @Test
  void noFileIsLong() throws IOException {
    var root = root();
    var tooLong = new ArrayList<String>();
    int seen = 0;
    for (var module :
        new String[] {
          "core",
          "parts",
          "methods",
          "torch",
          "data",
          "app",
          "testkit",
          "fabrics/common",
          "fabrics/local",
          "fabrics/grpc",
          "service"
        }) {
      int limit = module.equals("methods") || module.equals("parts") ? 200 : 500;
      try (var files = Files.walk(root.resolve(module).resolve("src"))) {
        for (var file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          seen++;
          long lines;
          try (var text = Files.lines(file)) {
            lines = text.count();
          }
          if (lines > limit) {
            tooLong.add(
                root.relativize(file) + ": " + lines + " lines (expected: at most " + limit + ")");
          }
        }
      }
    }
    assertThat(seen).isGreaterThan(100);
    assertThat(tooLong).isEmpty();
  }
}
