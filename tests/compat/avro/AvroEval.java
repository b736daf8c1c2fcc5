import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;

/** Answers the questions of `sluice avro eval` (docs/avro-command.md) by Apache Avro for Java, so that both can be compared. */
public final class AvroEval {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  public static void main(String[] args) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode question = MAPPER.readTree(line);
      ObjectNode answer = MAPPER.createObjectNode();
      try {
        answer.put("ok", true);
        answer(question, answer);
      } catch (Throwable e) {
        answer.removeAll();
        answer.put("ok", false);
        answer.putObject("error").put("code", e.getClass().getSimpleName()).put("message", String.valueOf(e.getMessage()));
      }
      out.write(MAPPER.writer().with(com.fasterxml.jackson.core.JsonGenerator.Feature.ESCAPE_NON_ASCII).writeValueAsString(answer));
      out.write('\n');
    }
    out.flush();
  }

  private static Schema schema(JsonNode question, String member, boolean lenient) {
    return new Schema.Parser().setValidateDefaults(!lenient).parse(question.get(member).asText());
  }

  private static void answer(JsonNode question, ObjectNode out) throws Exception {
    boolean lenient = question.path("lenient").asBoolean();
    switch (question.get("op").asText()) {
      case "parse" -> out.put("text", schema(question, "schema", lenient).toString());
      case "canonical" -> canonical(schema(question, "schema", lenient), out);
      case "compat" -> compat(schema(question, "reader", true), schema(question, "writer", true), out);
      case "encode" -> encode(schema(question, "schema", lenient), question.get("json").asText(), out);
      case "decode" -> {
        Schema schema = schema(question, "schema", lenient);
        read(schema, schema, question.get("hex").asText(), out);
      }
      case "resolve" -> read(schema(question, "writer", true), schema(question, "reader", true), question.get("hex").asText(), out);
      default -> throw new IllegalArgumentException("no such operation");
    }
  }

  private static void canonical(Schema schema, ObjectNode out) throws Exception {
    out.put("text", schema.toString());
    out.put("pcf", SchemaNormalization.toParsingForm(schema));
    out.put("rabin64", String.format("%016x", SchemaNormalization.parsingFingerprint64(schema)));
    out.put("rabin64_le", hex(SchemaNormalization.parsingFingerprint("CRC-64-AVRO", schema)));
    out.put("md5", hex(SchemaNormalization.parsingFingerprint("MD5", schema)));
    out.put("sha256", hex(SchemaNormalization.parsingFingerprint("SHA-256", schema)));
  }

  private static void compat(Schema reader, Schema writer, ObjectNode out) {
    ArrayNode list = MAPPER.createArrayNode();
    try {
      SchemaCompatibility.SchemaCompatibilityResult result =
          SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
      for (SchemaCompatibility.Incompatibility each : result.getIncompatibilities()) {
        list.addObject().put("type", each.getType().toString()).put("location", each.getLocation()).put("message", each.getMessage());
      }
      out.put("result", result.getCompatibility().toString());
      out.set("incompatibilities", list);
    } catch (RuntimeException e) {
      out.put("result", "EXCEPTION");
      out.set("incompatibilities", list);
      out.put("message", e.getMessage());
    }
  }

  private static void encode(Schema schema, String json, ObjectNode out) throws IOException {
    Object datum = new GenericDatumReader<>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, json));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<>(schema).write(datum, encoder);
    encoder.flush();
    out.put("hex", hex(bytes.toByteArray()));
  }

  /** By the streaming decoder: with the bytes in memory, 1.12 counts an array's items by the reader's size. */
  private static void read(Schema writer, Schema reader, String digits, ObjectNode out) throws IOException {
    ByteArrayInputStream bytes = new ByteArrayInputStream(unhex(digits));
    BinaryDecoder decoder = DecoderFactory.get().directBinaryDecoder(bytes, null);
    Object datum = new GenericDatumReader<>(writer, reader).read(null, decoder);
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    JsonEncoder encoder = EncoderFactory.get().jsonEncoder(reader, json);
    new GenericDatumWriter<>(reader).write(datum, encoder);
    encoder.flush();
    out.put("json", json.toString(StandardCharsets.UTF_8));  // of records without anything in them: nothing
    out.put("rest", bytes.available());
  }

  private static String hex(byte[] bytes) {
    return java.util.HexFormat.of().formatHex(bytes);
  }

  private static byte[] unhex(String digits) {
    return java.util.HexFormat.of().parseHex(digits);
  }
}
