// Apache Avro for Java on the rows of avro_codec_bench: generic records by the fast reader, and classes made of the schema.
//
//   Rows classes SCHEMA FOLDER           writes the classes' sources
//   Rows run ROW FOLDER SECONDS          prints "<row> <operation> <records a second>", of the best pass
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.compiler.specific.SpecificCompiler;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;

public class Rows {
  interface Pass { int run() throws Exception; }

  static void measure(String name, double seconds, Pass pass) throws Exception {
    long until = System.nanoTime() + (long) (seconds * 1e9);
    double best = 0;
    while (System.nanoTime() < until) {
      long begin = System.nanoTime();
      int rows = pass.run();
      best = Math.max(best, rows * 1e9 / (System.nanoTime() - begin));
    }
    System.out.printf("%s %.0f%n", name, best);
  }

  static <T> int decode(DatumReader<T> reader, byte[] bytes, List<T> keep) throws Exception {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, null);
    T reuse = null;
    int rows = 0;
    for (; !decoder.isEnd(); ++rows) {
      T row = reader.read(keep == null ? reuse : null, decoder);
      if (keep == null) reuse = row;
      else keep.add(row);
    }
    return rows;
  }

  static <T> void both(String name, DatumReader<T> reader, DatumWriter<T> writer, byte[] bytes, double seconds) throws Exception {
    measure(name + "decode", seconds, () -> decode(reader, bytes, null));
    List<T> rows = new ArrayList<>();
    decode(reader, bytes, rows);
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + 1024);
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    measure(name + "encode", seconds, () -> {
      out.reset();
      for (T row : rows) writer.write(row, encoder);
      encoder.flush();
      return rows.size();
    });
    if (!java.util.Arrays.equals(out.toByteArray(), bytes)) throw new AssertionError("other bytes");
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("classes")) {
      SpecificCompiler.compileSchema(new File(args[1]), new File(args[2]));
      return;
    }
    String row = args[1];
    Path folder = Path.of(args[2]);
    double seconds = Double.parseDouble(args[3]);
    Schema schema = new Schema.Parser().parse(Files.readString(folder.resolve(row + ".avsc")));
    Schema readers = new Schema.Parser().parse(Files.readString(folder.resolve(row + ".reader.avsc")));
    byte[] bytes = Files.readAllBytes(folder.resolve(row + ".bin"));
    GenericData data = new GenericData();
    data.setFastReaderEnabled(true);
    both(row + " java-generic-", new GenericDatumReader<Object>(schema, schema, data), new GenericDatumWriter<Object>(schema, data), bytes, seconds);
    GenericDatumReader<Object> resolving = new GenericDatumReader<>(schema, readers, data);
    measure(row + " java-generic-resolve", seconds, () -> decode(resolving, bytes, null));
    SpecificData specific = new SpecificData();
    specific.setCustomCoders(true);
    Schema own = (Schema) Class.forName("bench.Row").getField("SCHEMA$").get(null);
    both(row + " java-classes-", new SpecificDatumReader<Object>(own, own, specific), new SpecificDatumWriter<Object>(own, specific), bytes, seconds);
  }
}
