import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.Encoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Avro in Confluent's framing, field by field: what Avro's compiler makes of a schema with custom coders, and the fastest that
 * Avro for Java has. Text stays Utf8. An object is used by one thread.
 */
final class Framed<T> implements Serializer<T>, Deserializer<T> {
  interface Read<T> { T from(Decoder in) throws IOException; }
  interface Write<T> { void to(Encoder out, T row) throws IOException; }

  private final int id;
  private final Read<T> read;
  private final Write<T> write;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
  private BinaryDecoder decoder;
  private BinaryEncoder encoder;

  private Framed(int id, Read<T> read, Write<T> write) {
    this.id = id;
    this.read = read;
    this.write = write;
  }

  /** A serializer and a deserializer of their own buffers. `id`: the registry's; of what never leaves the application, any. */
  static <T> Serde<T> serde(int id, Read<T> read, Write<T> write) {
    return Serdes.serdeFrom(new Framed<>(id, read, write), new Framed<>(id, read, write));
  }

  @Override public byte[] serialize(String topic, T row) {
    if (row == null) return null;
    try {
      bytes.reset();
      new DataOutputStream(bytes).writeByte(0);
      new DataOutputStream(bytes).writeInt(id);
      encoder = EncoderFactory.get().directBinaryEncoder(bytes, encoder);
      write.to(encoder, row);
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override public T deserialize(String topic, byte[] data) {
    if (data == null) return null;
    try {
      decoder = DecoderFactory.get().binaryDecoder(data, 5, data.length - 5, decoder);
      return read.from(decoder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override public void configure(java.util.Map<String, ?> configs, boolean isKey) {}
  @Override public void close() {}
}
