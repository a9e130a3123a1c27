package dev.anabranch.fabrics.grpc;

import dev.anabranch.testkit.LinkContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class GrpcLinkIT extends LinkContract {
  @TempDir private Path folder;
  private @Nullable Federation open;

  @BeforeEach
  void start() {
    open = new Federation(folder, 3, Duration.ofSeconds(30));
  }

  @AfterEach
  void end() {
    federation().close();
  }

  private Federation federation() {
    return Objects.requireNonNull(open);
  }

  /** Each run is another {@link GrpcFabric}. */
  @Override
  protected Federation.Played fabric() {
    return federation().fabric();
  }

  @Override
  protected boolean direct() {
    return false;
  }
}
