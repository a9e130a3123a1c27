package dev.anabranch.app.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.anabranch.core.Aggregator;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Ledger;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.LinkContract;
import dev.anabranch.testkit.MethodContract;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/** The house rules, each by name. */
final class Rules {
  private static final String ROOT = "dev.anabranch.";

  /** Modules and the other modules that they may see, beside core. */
  private static final Map<String, List<String>> ARROWS =
      Map.of(
          "core", List.of(),
          "parts", List.of(),
          "methods", List.of("parts"),
          "torch", List.of(),
          "data", List.of(),
          "fabrics.common", List.of(),
          "fabrics.local", List.of("fabrics.common"),
          "fabrics.grpc", List.of("fabrics.common"),
          "service", List.of("fabrics.grpc"));

  private static final List<String> MODULES =
      List.of(
          "parts",
          "methods",
          "torch",
          "data",
          "fabrics.common",
          "fabrics.local",
          "fabrics.grpc",
          "service",
          "testkit",
          "app");

  private Rules() {}

  static final ArchRule CORE_NEEDS_THE_JDK_ALONE =
      classes()
          .that()
          .resideInAPackage("dev.anabranch.core..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.jspecify..", "dev.anabranch.core..");

  static ArchRule arrows(String module) {
    var seen = ARROWS.get(module);
    var hidden =
        MODULES.stream()
            .filter(other -> !other.equals(module) && !seen.contains(other))
            .map(other -> ROOT + other + "..")
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage(ROOT + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(hidden)
        .allowEmptyShould(true);
  }

  static ArchRule internals(String module) {
    return noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + module + ".internal..");
  }

  static final ArchRule NATIVE_TENSORS_IN_TORCH_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.anabranch.torch..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bytedeco..");

  static final ArchRule TRANSPORTS_IN_GRPC_AND_SERVICE_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.anabranch.fabrics.grpc..", "dev.anabranch.service..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.grpc..", "com.google.protobuf..", "com.linecorp.armeria..", "io.netty..");

  static final ArchRule DATABASES_AND_CERTIFICATES_IN_SERVICE_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.anabranch.service..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.jdbi..", "com.zaxxer..", "org.flywaydb..", "org.bouncycastle..");

  static final ArchRule COMMON_PARTS_OF_FABRICS_IN_FABRICS_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.anabranch.fabrics..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.anabranch.fabrics.common..");

  static final ArchRule NO_MOCKS =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.mockito..", "org.easymock..", "io.mockk..", "org.jmock..");

  static final ArchRule NO_PACKAGE_CYCLES =
      slices().assignedFrom(packagesWithTheirInternals()).should().beFreeOfCycles();

  /** A package and its {@code internal} are one thing in two places. */
  private static SliceAssignment packagesWithTheirInternals() {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass type) {
        return type.getPackageName().startsWith(ROOT)
            ? SliceIdentifier.of(type.getPackageName().replaceAll("\\.internal$", ""))
            : SliceIdentifier.ignore();
      }

      @Override
      public String getDescription() {
        return "packages with their internals";
      }
    };
  }

  static final ArchRule ONLY_FABRICS_CHARGE =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.anabranch.fabrics..", "dev.anabranch.core..")
          .should()
          .callMethod(Ledger.class, "charge", dev.anabranch.core.Charge.class);

  static final ArchRule METHODS_ARE_RECORDS =
      classes()
          .that()
          .areAssignableTo(Method.class)
          .and()
          .areNotInterfaces()
          .and()
          .resideInAPackage("dev.anabranch.methods..")
          .should()
          .beRecords();

  /** By package, so that nested classes and helpers are seen as well. */
  static final ArchRule METHODS_ARE_DETERMINISTIC =
      noClasses()
          .that()
          .resideInAnyPackage("dev.anabranch.methods..", "dev.anabranch.parts..")
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(
              Thread.class, Random.class, Clock.class, Executors.class, CompletableFuture.class);

  static final ArchRule NO_MUTABLE_STATICS =
      fields()
          .that()
          .areStatic()
          .and(
              describe(
                  "written by hand",
                  field ->
                      !field.getModifiers().contains(JavaModifier.SYNTHETIC)
                          && !field.getOwner().getPackageName().endsWith(".proto")))
          .should()
          .beFinal();

  static final ArchRule SOURCES_ARE_CITED =
      classes()
          .that(describe("carry out something published", Rules::isPublished))
          .should()
          .beAnnotatedWith(Paper.class)
          .orShould()
          .beAnnotatedWith(Folklore.class);

  private static boolean isPublished(JavaClass type) {
    boolean concrete =
        !type.isInterface()
            && !type.getModifiers().contains(JavaModifier.ABSTRACT)
            && type.isTopLevelClass();
    boolean nestedParameterisation =
        !type.isInterface()
            && type.isAssignableTo(Parameterisation.class)
            && type.getPackageName().equals("dev.anabranch.core");
    boolean ours =
        type.getPackageName().startsWith("dev.anabranch.methods")
            || type.getPackageName().startsWith("dev.anabranch.parts");
    return nestedParameterisation
        || (concrete && type.isAssignableTo(Aggregator.class))
        || (concrete && ours && type.isAssignableTo(Method.class))
        || (concrete
            && ours
            && type.isAssignableTo(Codec.class)
            && type.getAccessesFromSelf().stream()
                .noneMatch(access ->
                    access.getTargetOwner().isEquivalentTo(Fidelity.class)
                        && access.getName().equals("EXACT")));
  }

  /**
   * Top-level classes are final, sealed, records, enums or interfaces: nobody extends by accident.
   */
  static final ArchRule CLASSES_ARE_FINAL =
      classes()
          .that()
          .areTopLevelClasses()
          .and()
          .areNotInterfaces()
          .and()
          .resideOutsideOfPackages("dev.anabranch.testkit..")
          .should(beFinalOrAbstract());

  private static ArchCondition<JavaClass> beFinalOrAbstract() {
    return new ArchCondition<>("be final or abstract, or an exception") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        var modifiers = type.getModifiers();
        boolean fine =
            modifiers.contains(JavaModifier.FINAL)
                || modifiers.contains(JavaModifier.ABSTRACT)
                || type.isAssignableTo(Throwable.class)
                || type.isEnum();
        events.add(new SimpleConditionEvent(type, fine, type.getName() + " is not final"));
      }
    };
  }

  /** Interfaces that have a contract kit in {@code testkit}. */
  private static final Map<Class<?>, Class<?>> KITS =
      Map.of(
          Codec.class, CodecContract.class,
          Method.class, MethodContract.class,
          Link.class, LinkContract.class);

  /**
   * Every implementation has a subclass of its kit, which names it, or for a link its fabric.
   *
   * @param tests classes of all modules' tests
   */
  static ArchRule contractsAreTested(JavaClasses tests) {
    return classes()
        .that(describe("implement something that has a contract kit", Rules::isContracted))
        .should(
            new ArchCondition<>("have a subclass of that kit") {
              @Override
              public void check(JavaClass type, ConditionEvents events) {
                KITS.forEach((contract, kit) -> {
                  if (type.isAssignableTo(contract)) {
                    boolean fine =
                        tests.stream()
                            .filter(test -> test.isAssignableTo(kit))
                            .anyMatch(test -> names(test, type, contract.equals(Link.class)));
                    events.add(
                        new SimpleConditionEvent(
                            type,
                            fine,
                            type.getName() + " has no subclass of " + kit.getSimpleName()));
                  }
                });
              }
            });
  }

  private static boolean isContracted(JavaClass type) {
    return !type.isInterface()
        && !type.getModifiers().contains(JavaModifier.ABSTRACT)
        && !type.getPackageName().startsWith("dev.anabranch.testkit") // instruments of tests
        && !topLevel(type).equals("dev.anabranch.torch.internal.PricedCodec") // carries no values
        && !isPartOfAMethod(type)
        && KITS.keySet().stream().anyMatch(type::isAssignableTo);
  }

  /** The codec of a method's state is tested where the method is, by resuming. */
  private static boolean isPartOfAMethod(JavaClass type) {
    return type.getEnclosingClass().filter(home -> home.isAssignableTo(Method.class)).isPresent();
  }

  private static boolean names(JavaClass test, JavaClass type, boolean byPackage) {
    var home = type.getPackageName().replaceAll("\\.internal$", "");
    return test.getDirectDependenciesFromSelf().stream()
        .map(dependency -> dependency.getTargetClass())
        .anyMatch(target ->
            byPackage
                ? target.getPackageName().equals(home) && target.isAssignableTo(Fabric.class)
                : topLevel(target).equals(topLevel(type)));
  }

  private static String topLevel(JavaClass type) {
    return type.getName().replaceAll("\\$.*", "");
  }

  static Map<String, List<String>> arrows() {
    return ARROWS;
  }
}
