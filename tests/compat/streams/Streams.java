// Kafka Streams, exactly once, on a log that it does not know: Streams BROKER STATE. Runs until it is killed.
//
// It counts the words of topic `words` into `counts`, and joins `orders` with `people`, which their values name, into `named`:
// so that it makes topics for itself of every kind that it knows, writes them in transactions, and trims what it has read.
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.KTable;

public final class Streams {
  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "words");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, args[1]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    settings.put("repartition.purge.interval.ms", 1000);
    settings.put("auto.offset.reset", "earliest");
    settings.put("session.timeout.ms", 6000);  // a member that was killed is missed for so long

    StreamsBuilder builder = new StreamsBuilder();
    builder.<String, String>stream("words").map((none, word) -> KeyValue.pair(word, word))
        .groupByKey().count().toStream().mapValues(count -> Long.toString(count)).to("counts");
    KTable<String, String> people = builder.table("people");
    builder.<String, String>table("orders").join(people, person -> person, (person, name) -> name).toStream().to("named");

    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      return StreamThreadExceptionResponse.REPLACE_THREAD;  // the log may be away for a while
    });
    streams.setStateListener((now, before) -> System.out.println(now));
    streams.start();
  }
}
