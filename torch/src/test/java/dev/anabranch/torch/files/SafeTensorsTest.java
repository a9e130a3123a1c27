package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
  private static final String A = "'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}";

  @TempDir Path folder;

  private static TensorMap tensors() {
    var map = new LinkedHashMap<String, Tensor>();
    map.put("b.weight", Tensor.of(new float[] {1, -2, 3.5f, 0, Float.MIN_VALUE, 6}, 2, 3));
    map.put("a \"quoted\"\n", Tensor.of(new float[] {7}));
    map.put("none", Tensor.zeros(0, 4));
    return TensorMap.of(map);
  }

  private Path written() {
    var file = folder.resolve("t.safetensors");
    SafeTensors.write(file, tensors(), Map.of("format", "pt", "a", "b"));
    return file;
  }

  @Test
  void readsWhatItWrote() {
    var read = SafeTensors.read(written());
    assertThat(read.specs()).isEqualTo(tensors().specs());
    assertThat(read.sha256()).isEqualTo(tensors().sha256());
    try (var file = SafeTensors.open(written())) {
      assertThat(file.metadata()).containsExactly(Map.entry("a", "b"), Map.entry("format", "pt"));
      assertThat(file.value("b.weight").shape()).containsExactly(2, 3);
      assertThatThrownBy(() -> file.value("c"))
          .hasMessage("t.safetensors: tensor 'c': missing (expected: one of the file's tensors)");
    }
  }

  @Test
  void headerIsAlignedJson() throws IOException {
    var bytes = Files.readAllBytes(written());
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(length % 8).isZero();
    assertThat(new String(bytes, 8, (int) length, StandardCharsets.UTF_8).strip())
        .isEqualTo(
            "{\"__metadata__\":{\"a\":\"b\",\"format\":\"pt\"},"
                + "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                + "\"a \\\"quoted\\\"\\u000a\":{\"dtype\":\"F32\",\"shape\":[],"
                + "\"data_offsets\":[24,28]},"
                + "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[28,28]}}");
  }

  /** What is written is what the reference implementation writes. */
  @Test
  void writesTheSameBytes() throws Exception {
    var golden = Golden.path("golden/bert/model.safetensors");
    var copy = folder.resolve("copy.safetensors");
    try (var file = SafeTensors.open(golden)) {
      SafeTensors.write(
          copy,
          new TreeSet<>(file.tensors().keySet())
              .stream()
                  .map(name -> {
                    var stored = file.tensors().get(name);
                    return new SafeTensors.Item(stored.spec(), stored.encoding(), file.bytes(name));
                  })
                  .toList(),
          file.metadata());
    }
    assertThat(Files.mismatch(copy, golden)).isEqualTo(-1);
  }

  @Test
  void readsEveryPlainType() {
    var file = folder.resolve("types.safetensors");
    var items =
        List.of(
            item("F64", Encoding.F64, 8, Double.doubleToLongBits(-1.5)),
            item("F16", Encoding.F16, 2, Float.floatToFloat16(-1.5f)),
            item("BF16", Encoding.BF16, 2, Float.floatToIntBits(-1.5f) >> 16),
            item("I64", Encoding.I64, 8, -3),
            item("I32", Encoding.I32, 4, -3),
            item("I16", Encoding.I16, 2, -3),
            item("I8", Encoding.I8, 1, -3),
            item("U8", Encoding.U8, 1, 253),
            item("BOOL", Encoding.BOOL, 1, 1));
    SafeTensors.write(file, items, Map.of());
    var read = SafeTensors.read(file);
    assertThat(read.data().toArray(Tensor.FLOAT))
        .containsExactly(-1.5f, -1.5f, -1.5f, -3, -3, -3, -3, 253, 1);
  }

  private static SafeTensors.Item item(String name, Encoding encoding, int bytes, long value) {
    return new SafeTensors.Item(
        TensorSpec.of(name), encoding, MemorySegment.ofArray(GgufBytes.le(bytes, value)));
  }

  /** Wherever a file is cut, it is refused: no length is believed. */
  @Test
  void everyTruncationIsRefused() throws IOException {
    var bytes = Files.readAllBytes(written());
    for (int n = 0; n <= bytes.length + 1; n++) {
      if (n == bytes.length) {
        continue;
      }
      var cut = folder.resolve("cut");
      Files.write(cut, Arrays.copyOf(bytes, n));
      assertThatThrownBy(() -> SafeTensors.read(cut))
          .isInstanceOf(AnabranchException.class)
          .extracting(e -> ((AnabranchException) e).failure())
          .isEqualTo(Failure.CORRUPT);
    }
  }

  private Path file(String header, int dataBytes) throws IOException {
    byte[] json = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    var bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(
        folder.resolve("wrong.safetensors"), bytes.putLong(json.length).put(json).array());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          [] | header at 0: character '[' (expected: '{')
          {'a':{'dtype':'Q4_0','shape':[1],'data_offsets':[0,4]}} | dtype of 'a': Q4_0 (expected: one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL)
          {'a':{'dtype':'F16','shape':[1],'data_offsets':[0,4]}} | bytes of 'a': 4 (expected: 2)
          {'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}} | header at 29: number of 0 digits (expected: 1 to 18 digits)
          {'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,4]}} | header at 30: character '.'
          {'a':{'dtype':'F32','shape':[611686018427387904,14],'data_offsets':[0,4]}} | shape of 'a': 14 (expected: less than 2^63 bytes in all)
          {'a':{'dtype':'F32','shape':[1,1,1,1,1,1,1,1,1],'data_offsets':[0,4]}} | header at 45: more than 8 numbers
          {'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | start of 'a': 4 (expected: 0)
          {'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}} | header at 51: tensor 'a' is incomplete
          {'a':{'dtype':'F32','data_offsets':[0,4]}} | header at 41: tensor 'a' is incomplete
          {'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | end of 'a': 8 (expected: at most 4)
          {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | start of 'b': 0 (expected: 4)
          {'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | header at 106: tensor 'a' twice (expected: once)
          {'a':{'dtype':'F32','shape':[1],'shape':[1],'data_offsets':[0,4]}} | header at 43: key 'shape' twice
          {'__metadata__':{'a':1}} | header at 21: character '1' (expected: '"')
          {} {} | header at 3: character '{' (expected: the end of the header)
          """)
  void aWrongHeaderIsNamed(String header, String text) throws IOException {
    var file = file(header, 4);
    assertThatThrownBy(() -> SafeTensors.read(file))
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("wrong.safetensors: " + text);
  }

  @Test
  void aMissingFileIsNamed() {
    var file = folder.resolve("none");
    assertThatThrownBy(() -> SafeTensors.read(file))
        .hasMessage(file + ": missing (expected: a file)");
  }

  @Test
  void whatDoesNotFitIsNotWritten() {
    var file = folder.resolve("t");
    var item =
        new SafeTensors.Item(
            TensorSpec.of("a", 2), Encoding.F32, MemorySegment.ofArray(new float[1]));
    assertThatThrownBy(() -> SafeTensors.write(file, List.of(item), Map.of()))
        .hasMessageContaining("4 bytes (expected: 8, plain)");
    assertThat(file).doesNotExist();
  }

  @Provide
  Arbitrary<Fuzz.Damage> damage() {
    return Fuzz.damage();
  }

  @Property(tries = 2000)
  void damageIsReadOrRefused(@ForAll("damage") Fuzz.Damage damage) {
    var header =
        ("{'__metadata__':{'format':'pt'},"
                + A
                + ",'b':{'dtype':'I64','shape':[2,1],'data_offsets':[4,20]}}")
            .replace('\'', '"');
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = GgufBytes.join(GgufBytes.le(8, json.length), json, new byte[20]);
    Fuzz.survives(
        damage.to(bytes),
        mapped -> {
          var file = new SafeTensors(mapped);
          file.tensors().keySet().forEach(file::value);
        });
  }
}
