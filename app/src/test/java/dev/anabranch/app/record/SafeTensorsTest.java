package dev.anabranch.app.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafeTensorsTest {
  @TempDir Path folder;

  private static TensorMap tensors() {
    var map = new LinkedHashMap<String, Tensor>();
    map.put("b.weight", Tensor.of(new float[] {1, -2, 3.5f, 0, Float.MIN_VALUE, 6}, 2, 3));
    map.put("a", Tensor.of(new float[] {7}));
    map.put("none", Tensor.zeros(0, 4));
    return TensorMap.of(map);
  }

  private Path written() {
    var file = folder.resolve("t.safetensors");
    SafeTensors.write(file, tensors(), Map.of("format", "pt"));
    return file;
  }

  @Test
  void readsWhatItWrote() {
    var read = SafeTensors.read(written());
    assertThat(read.specs()).isEqualTo(tensors().specs());
    assertThat(read.sha256()).isEqualTo(tensors().sha256());
  }

  @Test
  void headerIsAlignedJson() throws IOException {
    var bytes = Files.readAllBytes(written());
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(length % 8).isZero();
    assertThat(new String(bytes, 8, (int) length, StandardCharsets.UTF_8).strip())
        .isEqualTo(
            "{\"__metadata__\":{\"format\":\"pt\"},"
                + "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
                + "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[28,28]}}");
  }

  /** Wherever a file is cut, it is refused: no length is believed. */
  @Test
  void everyTruncationIsRefused() throws IOException {
    var bytes = Files.readAllBytes(written());
    for (int n = 0; n < bytes.length; n++) {
      var cut = folder.resolve("cut");
      Files.write(cut, Arrays.copyOf(bytes, n));
      assertThatThrownBy(() -> SafeTensors.read(cut))
          .isInstanceOf(AnabranchException.class)
          .extracting(e -> ((AnabranchException) e).failure())
          .isEqualTo(Failure.CORRUPT);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
        "{} {}",
      })
  void wrongHeaderIsRefused(String header) throws IOException {
    var file = folder.resolve("wrong");
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    var bytes = ByteBuffer.allocate(8 + json.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(json.length).put(json);
    Files.write(file, bytes.array());
    assertThatThrownBy(() -> SafeTensors.read(file))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith(file + ": ")
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.CORRUPT);
  }

  @Test
  void missingFileIsNamed() {
    var file = folder.resolve("none");
    assertThatThrownBy(() -> SafeTensors.read(file))
        .hasMessage(file + ": missing (expected: the trained variables of a whole run)");
  }
}
