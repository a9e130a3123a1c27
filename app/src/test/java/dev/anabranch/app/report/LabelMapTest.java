package dev.anabranch.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LabelMapTest {
  @Test
  void fewDevices_standOneByOneInOrder() {
    var partition = new TreeMap<Integer, List<Long>>();
    partition.put(0, List.of(1L, 9L));
    partition.put(1, List.of(30L, 10L));

    LabelMap map = LabelMap.of(List.of("ham", "spam"), partition);

    assertThat(map.perColumn()).isEqualTo(1);
    assertThat(map.columns())
        .containsExactly(
            new LabelMap.Column("device 0", List.of(1L, 9L)),
            new LabelMap.Column("device 1", List.of(30L, 10L)));
    assertThat(map.headline())
        .isEqualTo(
            "A device holds from 10 to 40 examples; on the median device 90 % are of one class");
  }

  @Property(tries = 50)
  void noExampleIsLost_howeverManyDevicesAndClasses(
      @ForAll @IntRange(min = 1, max = 700) int devices,
      @ForAll @IntRange(min = 1, max = 45) int classes) {
    var partition = new TreeMap<Integer, List<Long>>();
    long all = 0;
    for (int device = 0; device < devices; device++) {
      List<Long> row = new ArrayList<>();
      for (int c = 0; c < classes; c++) {
        long count = (device * 31L + c * 17L) % 23;
        row.add(count);
        all += count;
      }
      partition.put(device, row);
    }

    LabelMap map = LabelMap.of(List.of(), partition);

    assertThat(map.columns().stream().flatMap(c -> c.counts().stream()).mapToLong(v -> v).sum())
        .isEqualTo(all);
    assertThat(map.columns()).hasSizeLessThanOrEqualTo(LabelMap.MOST_COLUMNS);
    assertThat(map.classes()).hasSizeLessThanOrEqualTo(LabelMap.MOST_CLASSES);
    assertThat(map.columns().getFirst().counts()).hasSameSizeAs(map.classes());
  }
}
