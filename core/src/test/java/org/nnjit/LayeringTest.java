package org.nnjit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The one-way flow: a package may use only what stands above it in the pipeline. */
class LayeringTest {
  private static final List<String> ORDER =
      List.of(
          "org.nnjit.tensor",
          "org.nnjit.wasm",
          "org.nnjit.compute",
          "org.nnjit.graph",
          "org.nnjit.gguf",
          "org.nnjit.graph.op",
          "org.nnjit.graph.interp",
          "org.nnjit.graph.pass",
          "org.nnjit.onnx",
          "org.nnjit.fuse",
          "org.nnjit.schedule",
          "org.nnjit.loop",
          "org.nnjit.kernel.family",
          "org.nnjit.kernel.emit.wasm",
          "org.nnjit.plan",
          "org.nnjit.tune",
          "org.nnjit.session");

  @Test
  void packagesUseOnlyWhatStandsAboveThem() {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.nnjit");
    for (int i = 0; i < ORDER.size(); i++) {
      String[] below = ORDER.subList(i + 1, ORDER.size()).toArray(new String[0]);
      if (below.length > 0) {
        noClasses()
            .that()
            .resideInAPackage(ORDER.get(i))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(below)
            .check(classes);
      }
    }
  }

  @Test
  void theCoreDoesNoInputOrOutput() {
    JavaClasses classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("org.nnjit");
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.io..", "java.net..", "java.nio.file..", "java.time..", "java.util.concurrent..",
            "java.lang.reflect..", "java.util.stream..", "java.util.regex..")
        .check(classes);
  }
}
