import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** From when the first store began to be restored to when the last one was whole. */
final class Restoring implements StateRestoreListener {
  private final AtomicLong begin = new AtomicLong(), end = new AtomicLong(), records = new AtomicLong();

  double seconds() { return (end.get() - begin.get()) / 1e9; }
  long records() { return records.get(); }

  @Override public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
    begin.compareAndSet(0, System.nanoTime());
  }
  @Override public void onBatchRestored(TopicPartition partition, String store, long offset, long count) {}
  @Override public void onRestoreEnd(TopicPartition partition, String store, long total) {
    end.set(System.nanoTime());
    records.addAndGet(total);
  }
}
