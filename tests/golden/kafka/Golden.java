// Makes messages.txt: every message that src/kafka knows, in every version, as Apache Kafka's own classes write it.
// One line each: name, version, variant, hex. Variants: "full" (every field of the version set, arrays of two
// elements), "empty" (a new object's defaults), "null" (as full, with everything null that may be).
//
//   java -cp "KAFKA_LIBS/*" Golden.java $(cut -d" " -f1 messages.txt | uniq) > messages.txt      (made with Kafka 4.3.1)

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

public class Golden {
  static final String[] PACKAGES = {
    "org.apache.kafka.common.message.", "org.apache.kafka.common.metadata.",
    "org.apache.kafka.coordinator.group.generated.", "org.apache.kafka.coordinator.transaction.generated."};
  static long counter;

  public static void main(String[] names) throws Exception {
    for (String name : names) {
      Class<?> type = find(name);
      short lowest = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
      short highest = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
      for (short version = lowest; version <= highest; version++) {
        String last = null;
        for (String variant : new String[] {"full", "null", "empty"}) {
          counter = 1;
          Message message = (Message) type.getConstructor().newInstance();
          if (!variant.equals("empty")) fill(message, version, variant.equals("null"));
          String hex = write(message, version);
          if (!hex.equals(last)) System.out.println(name + " " + version + " " + variant + " " + (hex.isEmpty() ? "-" : hex));
          last = hex;
        }
      }
    }
  }

  static Class<?> find(String name) {
    for (String suffix : new String[] {"Data", ""}) {
      for (String pack : PACKAGES) {
        try {
          return Class.forName(pack + name + suffix);
        } catch (ClassNotFoundException e) {
          continue;
        }
      }
    }
    throw new IllegalArgumentException(name);
  }

  static String write(Message message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(buffer), cache, version);
    return HexFormat.of().formatHex(buffer.array());
  }

  static void fill(Message message, short version, boolean nulls) throws Exception {
    Schema schema = ((Schema[]) message.getClass().getField("SCHEMAS").get(null))[version];
    for (BoundField bound : schema.fields()) {
      if (bound.def.type instanceof TaggedFields tagged) {
        for (Map.Entry<Integer, org.apache.kafka.common.protocol.types.Field> e : tagged.fields().entrySet()) {
          set(message, e.getValue(), version, nulls);
        }
      } else {
        set(message, bound.def, version, nulls);
      }
    }
  }

  static String plain(String name) {
    return name.replace("_", "").toLowerCase();
  }

  static void set(Message message, org.apache.kafka.common.protocol.types.Field def, short version, boolean nulls)
      throws Exception {
    for (Field field : message.getClass().getDeclaredFields()) {
      if (!plain(field.getName()).equals(plain(def.name))) continue;
      field.setAccessible(true);
      if (nulls && def.type.isNullable()) {
        field.set(message, null);
      } else {
        field.set(message, value(field, version, nulls));
      }
      return;
    }
    throw new IllegalStateException(message.getClass() + " " + def.name);
  }

  static Object value(Field field, short version, boolean nulls) throws Exception {
    Class<?> type = field.getType();
    if (!Collection.class.isAssignableFrom(type)) return single(type, version, nulls);
    if (type == List.class) {
      Class<?> element = (Class<?>) boxed(((ParameterizedType) field.getGenericType()).getActualTypeArguments()[0]);
      List<Object> list = new ArrayList<>();
      list.add(single(element, version, nulls));
      list.add(single(element, version, nulls));
      return list;
    }
    Class<?> element = (Class<?>) ((ParameterizedType) type.getGenericSuperclass()).getActualTypeArguments()[0];
    @SuppressWarnings("unchecked")
    Collection<Object> collection = (Collection<Object>) type.getConstructor().newInstance();
    collection.add(single(element, version, nulls));
    collection.add(single(element, version, nulls));
    return collection;
  }

  static java.lang.reflect.Type boxed(java.lang.reflect.Type type) {
    return type instanceof ParameterizedType p ? p.getRawType() : type;
  }

  static Object single(Class<?> type, short version, boolean nulls) throws Exception {
    long n = counter++;
    if (type == String.class) return "text-" + n + (n % 5 == 0 ? "-é" : "");
    if (type == boolean.class || type == Boolean.class) return n % 2 == 1;
    if (type == byte.class || type == Byte.class) return (byte) (n % 100 + 1);
    if (type == short.class || type == Short.class) return (short) (n % 100 + 258);
    if (type == int.class || type == Integer.class) return (int) (n % 100 + 1027);
    if (type == long.class || type == Long.class) return 0x0102030405060700L + n;
    if (type == double.class || type == Double.class) return 1.5 + (double) n;
    if (type == Uuid.class) return new Uuid(0x1112131415161718L + n, 0x2122232425262728L);
    if (type == byte[].class) return ("bytes-" + n).getBytes();
    if (type == ByteBuffer.class) return ByteBuffer.wrap(("bytes-" + n).getBytes());
    if (type == BaseRecords.class) return MemoryRecords.readableRecords(ByteBuffer.wrap(("records-" + n).getBytes()));
    Message message = (Message) type.getConstructor().newInstance();
    fill(message, version, nulls);
    return message;
  }
}
