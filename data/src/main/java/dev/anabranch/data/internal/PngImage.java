package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.data.Pictures;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * One PNG image: eight bits of each of its channels. Samples are taken as they stand in the file:
 * no colour profile and no gamma is applied, and what is transparent keeps its colour.
 *
 * @param pixels [c, h, w]
 * @param sha256 of the file, in hexadecimal
 */
record PngImage(Pictures.Shape shape, byte[] pixels, String sha256) {
  private static final int MOST_FILE = 1 << 26;
  private static final int CHUNK = 12; // bytes of a chunk beside its content
  private static final int END = 0x49454E44; // "IEND"
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  /**
   * Reads an image.
   *
   * @param channels 3: red, green, blue; 1: grey, which of a coloured image is 0.299 r + 0.587 g +
   *     0.114 b
   * @throws AnabranchException CORRUPT if it is broken, DATA if it cannot be read or is too large
   */
  static PngImage read(Path file, int channels) {
    try {
      long size = Files.size(file);
      if (size > MOST_FILE) {
        throw AnabranchException.expected(
            Failure.DATA, file.toString(), size + " bytes", "at most " + MOST_FILE);
      }
      byte[] bytes = Files.readAllBytes(file);
      var digest = HexFormat.of().formatHex(Digests.sha256(bytes, bytes.length));
      var image = decode(file, bytes);
      return new PngImage(
          new Pictures.Shape(channels, image.raster().getHeight(), image.raster().getWidth()),
          image.channels(channels),
          digest);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.DATA, file + " (expected: a readable file: " + e + ")", e);
    }
  }

  private record Decoded(Raster raster, ColorModel colours) {
    byte[] channels(int channels) {
      int each = raster.getWidth() * raster.getHeight();
      byte[] out = new byte[channels * each];
      int[] rgb = new int[3];
      int[] samples = new int[raster.getNumBands()];
      for (int i = 0; i < each; i++) {
        colour(raster.getPixel(i % raster.getWidth(), i / raster.getWidth(), samples), rgb);
        if (channels == 1) {
          boolean grey = rgb[0] == rgb[1] && rgb[1] == rgb[2];
          double luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
          out[i] = (byte) (grey ? rgb[0] : Math.round(luma));
        } else {
          for (int c = 0; c < channels; c++) {
            out[c * each + i] = (byte) rgb[c];
          }
        }
      }
      return out;
    }

    private void colour(int[] samples, int[] rgb) {
      if (colours instanceof IndexColorModel palette) {
        int index = Math.min(samples[0], palette.getMapSize() - 1);
        rgb[0] = palette.getRed(index);
        rgb[1] = palette.getGreen(index);
        rgb[2] = palette.getBlue(index);
        return;
      }
      int excess = raster.getSampleModel().getSampleSize(0) - 8; // 16 bits keep their upper half
      boolean grey = samples.length < 3; // alone or with its transparency
      for (int c = 0; c < 3; c++) {
        rgb[c] = samples[grey ? 0 : c] >> excess;
      }
    }
  }

  /** Throws unless every chunk has its length and checksum, up to the end chunk. */
  private static void requireWhole(Path file, byte[] bytes) {
    if (!Arrays.equals(SIGNATURE, Arrays.copyOf(bytes, SIGNATURE.length))) {
      throw ImageFiles.corrupt(file, "no PNG signature", "a PNG image");
    }
    var in = ByteBuffer.wrap(bytes);
    int at = SIGNATURE.length;
    for (int type = 0; type != END; ) {
      long length = bytes.length - at < CHUNK ? -1 : in.getInt(at);
      if (length < 0 || length > bytes.length - at - CHUNK) {
        throw ImageFiles.corrupt(file, "ends early", "a whole PNG image; fetch it again");
      }
      type = in.getInt(at + 4);
      var crc = new CRC32();
      crc.update(bytes, at + 4, (int) length + 4);
      if ((int) crc.getValue() != in.getInt(at + 8 + (int) length)) {
        throw ImageFiles.corrupt(
            file, "a wrong checksum at byte " + at, "a whole PNG image; fetch it again");
      }
      at += CHUNK + (int) length;
    }
  }

  private static Decoded decode(Path file, byte[] bytes) throws IOException {
    requireWhole(file, bytes);
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.setInput(in, true, true);
      requireSide(file, "width", reader.getWidth(0));
      requireSide(file, "height", reader.getHeight(0));
      var image = reader.read(0);
      return new Decoded(image.getRaster(), image.getColorModel());
    } catch (IOException | RuntimeException e) {
      if (e instanceof AnabranchException refused) {
        throw refused;
      }
      throw new AnabranchException(
          Failure.CORRUPT, file + ": broken (expected: an image that can be decoded)", e);
    } finally {
      reader.dispose();
    }
  }

  private static void requireSide(Path file, String what, int pixels) {
    if (pixels < 1 || pixels > ImageFiles.MOST_SIDE) {
      throw AnabranchException.expected(
          Failure.DATA, file + ": " + what, pixels, "1 to " + ImageFiles.MOST_SIDE);
    }
  }
}
