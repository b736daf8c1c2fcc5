// Apache Kafka's own Java client against a broker, with its own defaults: produces with every codec, idempotent by
// default; balances groups whose members join, leave and are killed; commits and aborts transactions; reads committed;
// moves offsets in a transaction; administrates.
// Usage: java Compat BOOTSTRAP. Prints a line a check and "N passed, N failed". The checks run side by side: most wait.
//        java Compat BOOTSTRAP member GROUP TOPIC: polls as a member of a group until it is killed.

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
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

  public static void main(String[] args) throws Exception {
    bootstrap = args[0];
    if (args.length > 1) {
      pollForEver(args[2], args[3]);
    }
    ExecutorService pool = Executors.newFixedThreadPool(4);
    Map<String, Check> checks = new java.util.LinkedHashMap<>();
    checks.put("goes on when a member of three is killed and another leaves", Compat::killedMember);
    checks.put("keeps a static member's partitions over its restart", Compat::staticMember);
    checks.put("balances a group of two over four partitions", Compat::group);
    checks.put("aborts a transaction that takes too long, and fences its producer", Compat::transactionTimeout);
    checks.put("creates, describes, alters and deletes topics", Compat::admin);
    checks.put("finds offsets by time, and deletes records", Compat::offsetsAndDeletedRecords);
    checks.put("lists, describes and deletes groups and their offsets", Compat::groupsAdmin);
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      checks.put("produces and consumes 10,000 records with " + codec, () -> roundTrip(codec));
    }
    checks.put("makes a topic by writing to it; refuses a record that is too large", Compat::autoCreateAndLimit);
    checks.put("commits offsets that the next member begins from", Compat::committedOffsets);
    checks.put("shows committed transactions only, whole", Compat::transactions);
    checks.put("fences an older producer of the same transactional id", Compat::fencing);
    checks.put("moves records and offsets in one transaction", Compat::consumeTransformProduce);
    checks.forEach((name, check) -> pool.submit(() -> check(name, check)));
    pool.shutdown();
    pool.awaitTermination(5, TimeUnit.MINUTES);
    System.out.println(passed + " passed, " + failed + " failed");
    System.exit(failed == 0 && passed == checks.size() ? 0 : 1);
  }

  private static void check(String name, Check check) {
    long begin = System.nanoTime();
    Throwable error = null;
    try {
      check.run();
    } catch (Throwable e) {
      error = e;
    }
    synchronized (Compat.class) {
      if (error == null) {
        passed++;
        System.out.printf("ok    %s (%.1f s)%n", name, (System.nanoTime() - begin) / 1e9);
      } else {
        failed++;
        System.out.println("FAIL  " + name + ": " + error);
        error.printStackTrace(System.out);
      }
    }
  }

  private static void equal(Object want, Object got, String what) {
    if (!java.util.Objects.equals(want, got)) throw new AssertionError(what + ": want " + want + ", got " + got);
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
    try (Admin admin = Admin.create(common())) {
      equal(1, admin.describeCluster().nodes().get().size(), "brokers");
      admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "3600000")))).all().get();
      try {
        admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all().get();
        throw new AssertionError("made twice");
      } catch (ExecutionException e) {
        equal(TopicExistsException.class, e.getCause().getClass(), "made twice");
      }
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      equal("3600000", config(admin, resource, "retention.ms"), "retention.ms as created");
      admin.incrementalAlterConfigs(Map.of(resource, List.of(
          new AlterConfigOp(new ConfigEntry("retention.ms", null), AlterConfigOp.OpType.DELETE),
          new AlterConfigOp(new ConfigEntry("max.message.bytes", "2000"), AlterConfigOp.OpType.SET)))).all().get();
      equal("604800000", config(admin, resource, "retention.ms"), "retention.ms unset");
      equal("2000", config(admin, resource, "max.message.bytes"), "max.message.bytes");
      admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
      equal(5, admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size(), "partitions");
      admin.deleteTopics(List.of(topic)).all().get();
      equal(false, admin.listTopics().names().get().contains(topic), "listed after delete");
    }
  }

  private static String config(Admin admin, ConfigResource resource, String name) throws Exception {
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value();
  }

  private static long offset(Admin admin, TopicPartition tp, OffsetSpec spec) throws Exception {
    return admin.listOffsets(Map.of(tp, spec)).partitionResult(tp).get().offset();
  }

  private static void offsetsAndDeletedRecords() throws Exception {
    String topic = "java-times-" + run;
    create(topic, 1);
    TopicPartition tp = new TopicPartition(topic, 0);
    long begin = System.currentTimeMillis() - 10_000;
    try (KafkaProducer<String, String> producer = producer(Map.of()); Admin admin = Admin.create(common())) {
      for (int i : new int[] {0, 1, 2, 9, 3}) producer.send(new ProducerRecord<>(topic, 0, begin + i, "k", "" + i)).get();
      equal(0L, offset(admin, tp, OffsetSpec.earliest()), "earliest");
      equal(5L, offset(admin, tp, OffsetSpec.latest()), "latest");
      equal(2L, offset(admin, tp, OffsetSpec.forTimestamp(begin + 2)), "by time");
      equal(-1L, offset(admin, tp, OffsetSpec.forTimestamp(begin + 10)), "after all");
      equal(3L, offset(admin, tp, OffsetSpec.maxTimestamp()), "of the greatest time");
      admin.deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(3))).all().get();
      equal(3L, offset(admin, tp, OffsetSpec.earliest()), "earliest after DeleteRecords");
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      equal(List.of("9", "3"), read(consumer, topic, 2), "what is left");
    }
  }

  private static void groupsAdmin() throws Exception {
    String topic = "java-groups-" + run;
    String group = "java-listed-" + run;
    create(topic, 2);
    TopicPartition tp = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(common())) {
      try (Member a = new Member(group, topic)) {
        pollUntil(() -> a.assigned == 2, a);
        a.consumer.commitSync(Map.of(tp, new OffsetAndMetadata(3), new TopicPartition(topic, 1), new OffsetAndMetadata(4)));
        equal(true, admin.listGroups().all().get().stream().anyMatch(g -> g.groupId().equals(group)), "listed");
        var described = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
        equal(GroupState.STABLE, described.groupState(), "state");
        equal(2, described.members().iterator().next().assignment().topicPartitions().size(), "assigned");
      }
      equal(3L, committed(admin, group, tp), "committed");
      admin.alterConsumerGroupOffsets(group, Map.of(tp, new OffsetAndMetadata(1))).all().get();
      equal(1L, committed(admin, group, tp), "altered");
      admin.deleteConsumerGroupOffsets(group, Set.of(tp)).all().get();
      equal(null, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(tp), "deleted offset");
      admin.deleteConsumerGroups(List.of(group)).all().get();
      equal(false, admin.listGroups().all().get().stream().anyMatch(g -> g.groupId().equals(group)), "listed after delete");
    }
  }

  private static Object committed(Admin admin, String group, TopicPartition tp) throws Exception {
    return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(tp).offset();
  }

  private static void autoCreateAndLimit() throws Exception {
    String topic = "java-auto-" + run;
    try (KafkaProducer<String, String> producer = producer(Map.of("max.request.size", "20000000"))) {
      producer.send(new ProducerRecord<>(topic, "first")).get();
      try {
        producer.send(new ProducerRecord<>(topic, "x".repeat(5_000_000))).get();
        throw new AssertionError("taken");
      } catch (ExecutionException e) {
        equal(RecordTooLargeException.class, e.getCause().getClass(), "a record over max.message.bytes");
      }
      equal(1L, producer.send(new ProducerRecord<>(topic, "second")).get().offset(), "the next record's offset");
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
      this(Map.of("group.id", group), topic);
    }

    Member(Map<String, String> settings, String topic) {
      consumer = consumer(settings);
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

  // The session is shorter than the default 45 s, so that the death is noticed while somebody waits.
  private static final Map<String, String> QUICK = Map.of("session.timeout.ms", "6000", "heartbeat.interval.ms", "1000");

  private static Map<String, String> quick(String group) {
    Map<String, String> settings = new HashMap<>(QUICK);
    settings.put("group.id", group);
    return settings;
  }

  private static void pollForEver(String group, String topic) {
    try (Member member = new Member(quick(group), topic)) {
      while (true) member.consumer.poll(Duration.ofMillis(100));
    }
  }

  private static void killedMember() throws Exception {
    String topic = "java-killed-" + run;
    String group = "java-killed-" + run;
    create(topic, 6);
    String java = System.getProperty("java.home") + "/bin/java";
    Process doomed = new ProcessBuilder(java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp",
        System.getProperty("java.class.path"), "Compat", bootstrap, "member", group, topic).inheritIO().start();
    try (Member a = new Member(quick(group), topic)) {
      try (Member b = new Member(quick(group), topic)) {
        pollUntil(() -> a.assigned == 2 && b.assigned == 2, a, b);
        doomed.destroyForcibly().waitFor();
        pollUntil(() -> a.assigned == 3 && b.assigned == 3, a, b);
      }
      pollUntil(() -> a.assigned == 6, a);
    } finally {
      doomed.destroyForcibly().waitFor();
    }
  }

  private static void staticMember() throws Exception {
    String topic = "java-static-" + run;
    String group = "java-static-" + run;
    create(topic, 4);
    Map<String, String> one = new HashMap<>(Map.of("group.id", group, "group.instance.id", "one"));
    Map<String, String> two = new HashMap<>(Map.of("group.id", group, "group.instance.id", "two"));
    int generation;
    try (Member a = new Member(one, topic)) {
      try (Member b = new Member(two, topic)) {
        pollUntil(() -> a.assigned == 2 && b.assigned == 2, a, b);
        generation = a.consumer.groupMetadata().generationId();
      }
      try (Member b = new Member(two, topic)) {
        pollUntil(() -> b.assigned == 2, a, b);
        equal(2, a.assigned, "partitions of the other member");
        equal(generation, b.consumer.groupMetadata().generationId(), "generation after the restart");
      }
    }
    try (Admin admin = Admin.create(common())) {
      equal(2, admin.describeConsumerGroups(List.of(group)).all().get().get(group).members().size(), "static members stay");
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

  private static void transactionTimeout() throws Exception {
    String topic = "java-late-" + run;
    create(topic, 1);
    Map<String, String> id = Map.of("transactional.id", "java-late-" + run, "transaction.timeout.ms", "1000");
    try (KafkaProducer<String, String> late = producer(id)) {
      late.initTransactions();
      late.beginTransaction();
      late.send(new ProducerRecord<>(topic, "late")).get();
      try (Admin admin = Admin.create(common())) {
        TopicPartition tp = new TopicPartition(topic, 0);
        var writers = admin.describeProducers(List.of(tp)).partitionResult(tp).get().activeProducers();
        equal(0L, writers.get(0).currentTransactionStartOffset().getAsLong(), "start of the open transaction");
        String name = "java-late-" + run;
        equal(Set.of(tp), admin.describeTransactions(List.of(name)).description(name).get().topicPartitions(), "its partitions");
        equal(true, admin.listTransactions().all().get().stream().anyMatch(t -> t.transactionalId().equals(name)), "listed");
      }
      try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
        TopicPartition tp = new TopicPartition(topic, 0);
        long end = System.nanoTime() + 20_000_000_000L;
        while (consumer.endOffsets(List.of(tp)).get(tp) < 2 && System.nanoTime() < end) Thread.sleep(50);
        equal(2L, consumer.endOffsets(List.of(tp)).get(tp), "the last stable offset, past the abort");
      }
      try {
        late.commitTransaction();
        throw new AssertionError("committed after the abort");
      } catch (KafkaException expected) {
        // ProducerFenced or InvalidProducerEpoch, by the place where the client learns of it
      }
    }
    try (KafkaProducer<String, String> next = producer(id)) {
      next.initTransactions();
      next.beginTransaction();
      next.send(new ProducerRecord<>(topic, "in time"));
      next.commitTransaction();
    }
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      equal(List.of("in time"), read(consumer, topic, 1), "records");
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
