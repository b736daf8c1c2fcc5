import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;

/**
 * Runs files of Flink SQL in a cluster within this process, each file in a session of its own, and prints what each
 * SELECT gives as a line of JSON: {"types": {column: type}, "rows": [{"kind": "+I", "row": {…}}, …]}. A statement ends with
 * ";" at a line's end. Dates are days and times microseconds since 1970, bytes are hex, decimals text.
 */
public class FlinkSql {
  public static void main(String[] files) {
    int status = 1;
    try {
      for (String file : files) run(Files.readString(Path.of(file)));
      status = 0;
    } catch (Exception error) {
      error.printStackTrace();
    }
    System.exit(status);  // the cluster's threads would go on
  }

  static void run(String script) throws Exception {
    List<String> statements = Arrays.stream(script.replaceAll("(?m)^--.*$", "").split(";\\s*\n")).map(String::strip).toList();
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "1");
    settings.setString("table.local-time-zone", "UTC");
    for (String statement : statements) {  // a session's mode is settled when it is made
      Matcher set = Pattern.compile("SET '(.*)' = '(.*)'").matcher(statement);
      if (set.matches()) settings.setString(set.group(1), set.group(2));
    }
    TableEnvironment session = TableEnvironment.create(EnvironmentSettings.newInstance().withConfiguration(settings).build());
    for (String statement : statements) {
      if (statement.isEmpty() || statement.startsWith("SET ")) continue;
      TableResult result = session.executeSql(statement);
      if (statement.startsWith("SELECT")) print(result);
    }
  }

  static void print(TableResult result) throws Exception {
    List<String> names = result.getResolvedSchema().getColumnNames();
    Map<String, String> types = new LinkedHashMap<>();
    result.getResolvedSchema().getColumns().forEach(c -> types.put(c.getName(), c.getDataType().toString()));
    List<Object> rows = new ArrayList<>();
    try (var all = result.collect()) {
      while (all.hasNext()) {
        Row row = all.next();
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); ++i) values.put(names.get(i), plain(row.getField(i)));
        rows.add(Map.of("kind", row.getKind().shortString(), "row", values));
      }
    }
    System.out.println(new ObjectMapper().writeValueAsString(Map.of("types", types, "rows", rows)));
  }

  static Object plain(Object value) {
    if (value instanceof byte[] bytes) return HexFormat.of().formatHex(bytes);
    if (value instanceof BigDecimal number) return number.toPlainString();
    if (value instanceof LocalDate day) return day.toEpochDay();
    if (value instanceof LocalDateTime time) return plain(time.toInstant(ZoneOffset.UTC));
    if (value instanceof Instant time) return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    if (value instanceof Object[] items) {
      List<Object> out = new ArrayList<>();
      for (Object item : items) out.add(plain(item));
      return out;
    }
    if (value instanceof Row row) {
      List<Object> out = new ArrayList<>();
      for (int i = 0; i < row.getArity(); ++i) out.add(plain(row.getField(i)));
      return out;
    }
    return value;
  }
}
