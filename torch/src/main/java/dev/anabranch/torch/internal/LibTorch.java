package dev.anabranch.torch.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The one place that loads libtorch: once per process, under a file lock, with one thread per
 * operation.
 *
 * <p>The lock keeps two processes from extracting the native libraries into the same cache at the
 * same time (measured: SIGBUS). Parallelism comes from lanes, never from threads inside an
 * operation. Thread-safe; every class of this package that touches a tensor calls {@link #boot()}
 * first.
 */
public final class LibTorch {
  private static final int M_TRIM_THRESHOLD = -1;
  private static final int M_TOP_PAD = -2;
  private static final int M_MMAP_THRESHOLD = -3;

  private LibTorch() {}

  /**
   * Loads libtorch unless this process already did; cheap to call again.
   *
   * @throws AnabranchException ENVIRONMENT if this machine cannot load it
   */
  public static void boot() {
    var failure = Boot.FAILURE;
    if (failure != null) {
      throw new AnabranchException(
          Failure.ENVIRONMENT,
          "libtorch: "
              + failure
              + " (expected: Linux on x86-64 with glibc, and a cache folder that can be written)",
          failure);
    }
  }

  /**
   * The user's cache folder of this project: {@code $XDG_CACHE_HOME/anabranch} or {@code
   * ~/.cache/anabranch}.
   */
  public static Path cache() {
    String base = System.getenv("XDG_CACHE_HOME");
    Path root =
        base == null || base.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(base);
    return root.resolve("anabranch");
  }

  /** Whether this processor multiplies bf16 in hardware; without it bf16 is 30 times slower. */
  public static boolean bf16() {
    boot();
    return Boot.BF16;
  }

  /** The vector instructions that libtorch's kernels use here, for example {@code AVX512}. */
  public static String capability() {
    boot();
    return torch.get_cpu_capability().getString();
  }

  private static final class Boot {
    static final @Nullable Throwable FAILURE = load();
    static final boolean BF16 = FAILURE == null && bf16InHardware();

    private static @Nullable Throwable load() {
      setenv("OMP_NUM_THREADS", "1");
      setenv("OPENBLAS_NUM_THREADS", "1");
      setenv("THP_MEM_ALLOC_ENABLE", "1"); // large tensors on huge pages: 4 % of an fp32 step
      keepFreedMemory();
      try {
        Path folder = Files.createDirectories(cache());
        try (var channel = FileChannel.open(folder.resolve("libtorch.lock"), CREATE, WRITE);
            var held = channel.lock()) {
          Loader.load(torch.class);
        }
      } catch (IOException | LinkageError e) {
        return e;
      }
      torch.set_num_threads(1);
      openblas_nolapack.blas_set_num_threads(1);
      return null;
    }

    private static boolean bf16InHardware() {
      try {
        return torch.get_cpu_capability().getString().startsWith("AVX512")
            && CpuFlags.current().contains("avx512_bf16")
            && Context.hasMKLDNN();
      } catch (IOException e) {
        return false;
      }
    }
  }

  /**
   * Tells glibc to keep freed blocks instead of giving each large one back to the kernel: otherwise
   * every activation is mapped and page-faulted anew in every operation.
   */
  private static void keepFreedMemory() {
    if (Boolean.getBoolean("anabranch.torch.plainMalloc")) {
      return;
    }
    var linker = Linker.nativeLinker();
    var found = linker.defaultLookup().find("mallopt");
    if (found.isEmpty()) {
      return; // not glibc: nothing to tune
    }
    var mallopt =
        linker.downcallHandle(found.get(), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    try {
      int unused = (int) mallopt.invokeExact(M_MMAP_THRESHOLD, 32 << 20);
      unused = (int) mallopt.invokeExact(M_TRIM_THRESHOLD, 512 << 20);
      unused = (int) mallopt.invokeExact(M_TOP_PAD, 16 << 20);
    } catch (Throwable e) {
      throw new IllegalStateException("mallopt: failed (expected: a glibc that has it)", e);
    }
  }

  /** Sets a variable in the environment of this process, unless the user already did. */
  private static void setenv(String name, String value) {
    var linker = Linker.nativeLinker();
    var found = linker.defaultLookup().find("setenv");
    if (found.isEmpty()) {
      return;
    }
    var setenv =
        linker.downcallHandle(
            found.get(), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    try (var arena = Arena.ofConfined()) {
      int unused = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
    } catch (Throwable e) {
      throw new IllegalStateException("setenv: failed for '" + name + "' (expected: 0)", e);
    }
  }
}
