import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * One query of Nexmark in Kafka Streams, for the phase `flow` of bench.py:
 *
 *   Nexmark QUERY BROKER STATE WARM SUBJECT=ID...
 *
 * It runs WARM times as application warm-QUERY, so that the JVM has compiled what it will run, and then as nexmark-QUERY, each
 * into a topic of its name. Prints "NAME started" when its stream thread is at work, with how long it took to restore the state
 * and of how many records; "NAME consumed" when all it reads, its own topics included, is consumed and committed. Ends when
 * standard input does.
 */
public final class Nexmark {
  private static Properties settings(String name, String broker, String state) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, state);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    settings.put("auto.offset.reset", "earliest");
    settings.put("compression.type", "lz4");
    return settings;
  }

  /** Of what the query reads and of its own topics between its parts. */
  private static List<TopicPartition> partitions(Admin admin, String name, String query) throws Exception {
    List<TopicPartition> found = new ArrayList<>();
    for (String topic : admin.listTopics().names().get()) {
      boolean between = topic.startsWith(name + "-") && !topic.endsWith("-changelog");
      if (between || Queries.inputs(query).contains(topic)) found.add(new TopicPartition(topic, 0));
    }
    return found;
  }

  private static boolean consumed(Admin admin, String name, String query) throws Exception {
    List<TopicPartition> partitions = partitions(admin, name, query);
    var ends = admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest())),
        new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get();
    var committed = admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get();
    for (var end : ends.entrySet()) {
      var offset = committed.get(end.getKey());
      if (end.getValue().offset() > (offset == null ? 0 : offset.offset())) return false;
    }
    return true;
  }

  /** Begins, waits until its thread is at work, and until all is consumed; tells so under the query's own name. */
  private static KafkaStreams run(String name, String query, String broker, String state, Map<String, Integer> ids) throws Exception {
    Properties settings = settings(name, broker, state);
    Topology topology = new Queries(query, name, ids).build().build(settings);
    KafkaStreams streams = new KafkaStreams(topology, settings);
    CountDownLatch running = new CountDownLatch(1);
    Restoring restoring = new Restoring();
    streams.setGlobalStateRestoreListener(restoring);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) running.countDown();
    });
    streams.start();
    running.await();
    System.out.printf("%s started %.3f %d%n", name, restoring.seconds(), restoring.records());
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
      while (!consumed(admin, name, query) || !consumed(admin, name, query)) Thread.sleep(100);
    }
    System.out.println(name + " consumed");
    return streams;
  }

  private static void close(KafkaStreams streams) {
    streams.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
  }

  public static void main(String[] args) throws Exception {
    Map<String, Integer> ids = Stream.of(args).skip(4).map(pair -> pair.split("="))
        .collect(Collectors.toMap(pair -> pair[0], pair -> Integer.parseInt(pair[1])));
    for (int i = 0; i < Integer.parseInt(args[3]); ++i) close(run("warm-" + args[0], args[0], args[1], args[2], ids));
    KafkaStreams streams = run("nexmark-" + args[0], args[0], args[1], args[2], ids);
    while (System.in.read() >= 0) { }
    close(streams);
  }
}
