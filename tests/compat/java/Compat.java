// Apache Kafka's own Java client against a broker, with no special setting: produces with every codec, idempotent by
// default; balances a group of two; commits and aborts transactions; reads committed; moves offsets in a transaction.
// Usage: java Compat BOOTSTRAP. Prints a line a check and "N passed, N failed".

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Compat {
  private interface Check {
    void run() throws Exception;
  }

  private static String bootstrap;
  private static int passed;
  private static int failed;
  private static final String run = UUID.randomUUID().toString().substring(0, 8);

  public static void main(String[] args) {
    bootstrap = args[0];
    check("creates, describes and deletes a topic", Compat::admin);
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      check("produces and consumes 10,000 records with " + codec, () -> roundTrip(codec));
    }
    check("balances a group of two over four partitions", Compat::group);
    check("commits offsets that the next member begins from", Compat::committedOffsets);
    check("shows committed transactions only, whole", Compat::transactions);
    check("fences an older producer of the same transactional id", Compat::fencing);
    check("moves records and offsets in one transaction", Compat::consumeTransformProduce);
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  private static void check(String name, Check check) {
    try {
      check.run();
      passed++;
      System.out.println("ok    " + name);
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.println("FAIL  " + name + ": " + e);
      e.printStackTrace(System.out);
    }
  }

  private static void equal(Object want, Object got, String what) {
    if (!want.equals(got)) throw new AssertionError(what + ": want " + want + ", got " + got);
  }

  private static Properties common() {
    Properties p = new Properties();
    p.put("bootstrap.servers", bootstrap);
    return p;
  }

  private static KafkaProducer<String, String> producer(Map<String, String> more) {
    Properties p = common();
    p.putAll(more);
    return new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
  }

  private static KafkaConsumer<String, String> consumer(Map<String, String> more) {
    Properties p = common();
    p.put("auto.offset.reset", "earliest");
    p.put("enable.auto.commit", "false");
    p.putAll(more);
    return new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
  }

  private static void create(String topic, int partitions) throws Exception {
    try (Admin admin = Admin.create(common())) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }
  }

  private static List<String> read(KafkaConsumer<String, String> consumer, String topic, int count) {
    TopicPartition tp = new TopicPartition(topic, 0);
    consumer.assign(List.of(tp));
    consumer.seekToBeginning(List.of(tp));
    List<String> values = new ArrayList<>();
    long end = System.nanoTime() + 20_000_000_000L;
    while (values.size() < count && System.nanoTime() < end) {
      for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(200))) values.add(r.value());
    }
    for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(300))) values.add(r.value());
    return values;
  }

  private static void admin() throws Exception {
    String topic = "java-admin-" + run;
    create(topic, 3);
    try (Admin admin = Admin.create(common())) {
      var description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
      equal(3, description.partitions().size(), "partitions");
      admin.deleteTopics(List.of(topic)).all().get();
      equal(false, admin.listTopics().names().get().contains(topic), "listed after delete");
    }
  }

  private static void roundTrip(String codec) throws Exception {
    String topic = "java-" + codec + "-" + run;
    create(topic, 1);
    try (KafkaProducer<String, String> producer = producer(Map.of("compression.type", codec))) {
      for (int i = 0; i < 10_000; i++) producer.send(new ProducerRecord<>(topic, "k" + i, "value-" + i));
      producer.flush();
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      List<String> values = read(consumer, topic, 10_000);
      equal(10_000, values.size(), "records");
      for (int i = 0; i < 10_000; i++) equal("value-" + i, values.get(i), "record " + i);
    }
  }

  private static final class Member implements ConsumerRebalanceListener, AutoCloseable {
    final KafkaConsumer<String, String> consumer;
    int assigned;

    Member(String group, String topic) {
      consumer = consumer(Map.of("group.id", group));
      consumer.subscribe(List.of(topic), this);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      assigned -= partitions.size();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      assigned += partitions.size();
    }

    @Override
    public void close() {
      consumer.close();
    }
  }

  private static void group() throws Exception {
    String topic = "java-group-" + run;
    create(topic, 4);
    try (Member a = new Member("java-balance-" + run, topic)) {
      pollUntil(() -> a.assigned == 4, a);
      try (Member b = new Member("java-balance-" + run, topic)) {
        pollUntil(() -> a.assigned == 2 && b.assigned == 2, a, b);
      }
      pollUntil(() -> a.assigned == 4, a);
    }
  }

  private static void pollUntil(java.util.function.BooleanSupplier done, Member... members) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > end) throw new AssertionError("the group did not settle in 30 s");
      for (Member m : members) m.consumer.poll(Duration.ofMillis(50));
    }
  }

  private static void committedOffsets() throws Exception {
    String topic = "java-offsets-" + run;
    create(topic, 1);
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      for (int i = 0; i < 10; i++) producer.send(new ProducerRecord<>(topic, "v" + i)).get();
    }
    TopicPartition tp = new TopicPartition(topic, 0);
    Map<String, String> group = Map.of("group.id", "java-commit-" + run);
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.assign(List.of(tp));
      consumer.commitSync(Map.of(tp, new OffsetAndMetadata(7, "seven")));
    }
    try (KafkaConsumer<String, String> consumer = consumer(group)) {
      consumer.assign(List.of(tp));
      equal(7L, consumer.committed(java.util.Set.of(tp)).get(tp).offset(), "committed");
      equal(7L, consumer.position(tp), "position");
    }
  }

  private static void transactions() throws Exception {
    String topic = "java-txn-" + run;
    create(topic, 1);
    try (KafkaProducer<String, String> producer = producer(Map.of("transactional.id", "java-txn-" + run))) {
      producer.initTransactions();
      for (int t = 0; t < 20; t++) {
        producer.beginTransaction();
        for (int i = 0; i < 5; i++) producer.send(new ProducerRecord<>(topic, t % 2 == 0 ? "yes" + t : "no" + t));
        if (t % 2 == 0) {
          producer.commitTransaction();
        } else {
          producer.flush();
          producer.abortTransaction();
        }
      }
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      List<String> values = read(consumer, topic, 50);
      equal(50, values.size(), "committed records");
      for (String value : values) equal(true, value.startsWith("yes"), "an aborted record was read: " + value);
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_uncommitted"))) {
      equal(100, read(consumer, topic, 100).size(), "records read uncommitted");
    }
  }

  private static void fencing() throws Exception {
    String topic = "java-fence-" + run;
    create(topic, 1);
    Map<String, String> id = Map.of("transactional.id", "java-fence-" + run);
    try (KafkaProducer<String, String> old = producer(id); KafkaProducer<String, String> young = producer(id)) {
      old.initTransactions();
      old.beginTransaction();
      old.send(new ProducerRecord<>(topic, "old"));
      old.flush();
      young.initTransactions();
      young.beginTransaction();
      young.send(new ProducerRecord<>(topic, "young"));
      young.commitTransaction();
      try {
        old.commitTransaction();
        throw new AssertionError("the fenced producer committed");
      } catch (ProducerFencedException | InvalidProducerEpochException expected) {
        // as it should be
      }
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      equal(List.of("young"), read(consumer, topic, 1), "records");
    }
  }

  private static void consumeTransformProduce() throws Exception {
    String in = "java-in-" + run;
    String out = "java-out-" + run;
    create(in, 1);
    create(out, 1);
    try (KafkaProducer<String, String> seed = producer(Map.of())) {
      for (int i = 0; i < 100; i++) seed.send(new ProducerRecord<>(in, "" + i));
      seed.flush();
    }
    TopicPartition tp = new TopicPartition(in, 0);
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("group.id", "java-ctp-" + run));
        KafkaProducer<String, String> producer = producer(Map.of("transactional.id", "java-ctp-" + run))) {
      producer.initTransactions();
      consumer.subscribe(List.of(in));
      int done = 0;
      long end = System.nanoTime() + 30_000_000_000L;
      while (done < 100 && System.nanoTime() < end) {
        var records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) continue;
        producer.beginTransaction();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (ConsumerRecord<String, String> r : records) {
          producer.send(new ProducerRecord<>(out, r.value()));
          offsets.put(tp, new OffsetAndMetadata(r.offset() + 1));
          done++;
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
      }
      equal(100, done, "moved");
      equal(100L, consumer.committed(java.util.Set.of(tp)).get(tp).offset(), "committed in the transaction");
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      equal(100, read(consumer, out, 100).size(), "records out");
    }
  }
}
