import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;

/**
 * The queries in Kafka Streams' own words, each as frugal as the DSL allows: rows are made small before they are repartitioned,
 * a small table is global. What each means stands in ../qN.sql.
 */
final class Queries {
  private static final Duration SIZE = Duration.ofSeconds(10), SLIDE = Duration.ofSeconds(2), GRACE = Duration.ofSeconds(4);
  private static final Serde<Long> LONG = Serdes.Long();

  private final StreamsBuilder builder = new StreamsBuilder();
  private final String query, into;
  private final Map<String, Integer> ids;

  private final Serde<Rows.One> one = Framed.serde(0, Rows.One::read, Rows.One::write);
  private final Serde<Rows.Two> two = Framed.serde(0, Rows.Two::read, Rows.Two::write);
  private final Serde<Rows.Bid> bid;
  private final Serde<Rows.Person> person;
  private final Serde<Rows.Auction> auction;

  /** It writes to topic `into`. `ids`: the registry's, by subject. */
  Queries(String query, String into, Map<String, Integer> ids) {
    this.query = query;
    this.into = into;
    this.ids = ids;
    bid = value("nexmark.bid", Rows.Bid::read, Rows.Bid::write);
    person = value("nexmark.person", Rows.Person::read, Rows.Person::write);
    auction = value("nexmark.auction", Rows.Auction::read, Rows.Auction::write);
  }

  StreamsBuilder build() {
    Map<String, Runnable> all = Map.ofEntries(Map.entry("q0", this::q0), Map.entry("q1", this::q1), Map.entry("q2", this::q2),
        Map.entry("q3", this::q3), Map.entry("q4", this::q4), Map.entry("q5", this::q5), Map.entry("q8", this::q8),
        Map.entry("q11", this::q11), Map.entry("q13", this::q13), Map.entry("q18", this::q18), Map.entry("keys", this::keys));
    all.get(query).run();
    return builder;
  }

  /** The topics that it reads: what must be consumed for it to be done. A global table is read before it begins. */
  static List<String> inputs(String query) {
    return switch (query) {
      case "q3", "q8" -> List.of("nexmark.person", "nexmark.auction");
      case "q4" -> List.of("nexmark.auction", "nexmark.bid");
      case "keys" -> List.of("nexmark.key");
      default -> List.of("nexmark.bid");
    };
  }

  private KStream<byte[], Rows.Bid> bids() {
    return builder.stream("nexmark.bid", Consumed.with(Serdes.ByteArray(), bid));
  }

  private <T> Serde<T> value(String topic, Framed.Read<T> read, Framed.Write<T> write) {
    return Framed.serde(ids.get(topic + "-value"), read, write);
  }
  /** A topic's bytes are a table's, untouched, when it is restored: so a key's must be those that its writer made. */
  private <T> Serde<T> key(String topic, Framed.Read<T> read, Framed.Write<T> write) {
    return Framed.serde(ids.get(topic + "-key"), read, write);
  }
  private Serde<Rows.One> id(String topic) { return key(topic, Rows.One::read, Rows.One::write); }
  private <T> Serde<T> out(Framed.Read<T> read, Framed.Write<T> write) { return value("nexmark-" + query, read, write); }
  private <T> Serde<T> outKey(Framed.Read<T> read, Framed.Write<T> write) { return key("nexmark-" + query, read, write); }
  private <K, V> void write(KStream<K, V> rows, Serde<K> key, Serde<V> value) {
    rows.to(into, Produced.with(key, value));
  }

  private void q0() { write(bids(), Serdes.ByteArray(), out(Rows.Bid::read, Rows.Bid::write)); }

  private void q1() {
    write(bids().mapValues(b -> new Rows.Priced(b, 0.908 * b.price())), Serdes.ByteArray(), out(Rows.Priced::read, Rows.Priced::write));
  }

  private void q2() {
    write(bids().filter((k, b) -> b.auction() % 123 == 0).mapValues(b -> new Rows.Two(b.auction(), b.price())),
        Serdes.ByteArray(), out(Rows.Two::read, Rows.Two::write));
  }

  private void q3() {
    Serde<Rows.One> personId = id("nexmark.person"), auctionId = id("nexmark.auction");
    Serde<Rows.Seller> seller = Framed.serde(0, Rows.Seller::read, Rows.Seller::write);
    KTable<Rows.One, Rows.Seller> sellers = builder.table("nexmark.person", Consumed.with(personId, person))
        .filter((k, p) -> List.of("OR", "ID", "CA").contains(p.state().toString()))
        .mapValues(p -> new Rows.Seller(p.name(), p.city(), p.state(), 0), Materialized.with(personId, seller));
    KTable<Rows.One, Rows.Two> auctions = builder.table("nexmark.auction", Consumed.with(auctionId, auction))
        .filter((k, a) -> a.category() == 10)
        .mapValues(a -> new Rows.Two(a.id(), a.seller()), Materialized.with(auctionId, two));
    KTable<Rows.One, Rows.Seller> joined = auctions.join(sellers, a -> new Rows.One(a.b()),
        (a, s) -> new Rows.Seller(s.name(), s.city(), s.state(), a.a()), Materialized.with(auctionId, seller));
    write(joined.toStream(), outKey(Rows.One::read, Rows.One::write), out(Rows.Seller::read, Rows.Seller::write));
  }

  private void q4() {
    Serde<Rows.One> auctionId = id("nexmark.auction");
    KTable<Rows.One, Rows.Auction> auctions = builder.table("nexmark.auction", Consumed.with(auctionId, auction));
    KTable<Rows.One, Rows.Two> winning = bids()
        .map((k, b) -> KeyValue.pair(new Rows.One(b.auction()), new Rows.Two(b.price(), b.time())))
        .join(auctions, (b, a) -> b.b() < a.time() || b.b() > a.expires() ? null : new Rows.Two(a.category(), b.a()),
            Joined.with(auctionId, two, auction))
        .filter((k, won) -> won != null)
        .groupByKey(Grouped.with(auctionId, two))
        .reduce((before, now) -> now.b() > before.b() ? now : before, Materialized.with(auctionId, two));
    KTable<Rows.One, Rows.Two> sums = winning.groupBy((id, won) -> KeyValue.pair(new Rows.One(won.a()), won.b()), Grouped.with(one, LONG))
        .aggregate(() -> new Rows.Two(0, 0), (k, price, sum) -> new Rows.Two(sum.a() + price, sum.b() + 1),
            (k, price, sum) -> new Rows.Two(sum.a() - price, sum.b() - 1), Materialized.with(one, two));
    write(sums.toStream().mapValues((k, sum) -> new Rows.Mean(k.a(), (double) sum.a() / sum.b())),
        outKey(Rows.One::read, Rows.One::write), out(Rows.Mean::read, Rows.Mean::write));
  }

  private void q5() {
    KTable<Windowed<Rows.One>, Long> counts = bids().map((k, b) -> KeyValue.pair(new Rows.One(b.auction()), 1L))
        .groupByKey(Grouped.with(one, LONG))
        .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE).advanceBy(SLIDE))
        .count(Materialized.with(one, LONG))
        .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()));
    KTable<Rows.One, Rows.Hot> hot = counts.toStream()
        .map((w, n) -> KeyValue.pair(new Rows.One(w.window().start()), new Rows.Two(w.key().a(), n)))
        .groupByKey(Grouped.with(one, two))
        .aggregate(() -> new Rows.Hot(0, 0, List.of()), (window, more, before) -> before.with(window.a(), more),
            Materialized.with(one, Framed.serde(0, Rows.Hot::read, Rows.Hot::write)));
    write(hot.toStream(), outKey(Rows.One::read, Rows.One::write), out(Rows.Hot::read, Rows.Hot::write));
  }

  private void q8() {
    TimeWindows windows = TimeWindows.ofSizeAndGrace(SIZE, GRACE);
    Serde<Rows.Newcomer> newcomer = Framed.serde(0, Rows.Newcomer::read, Rows.Newcomer::write);
    KTable<Windowed<Rows.One>, Rows.Newcomer> persons = builder.stream("nexmark.person", Consumed.with(one, person))
        .mapValues(p -> new Rows.Newcomer(p.id(), p.name(), p.time() / SIZE.toMillis() * SIZE.toMillis()))
        .groupByKey(Grouped.with(one, newcomer)).windowedBy(windows).reduce((before, now) -> now, Materialized.with(one, newcomer));
    KTable<Windowed<Rows.One>, Long> sellers = builder.stream("nexmark.auction", Consumed.with(one, auction))
        .map((k, a) -> KeyValue.pair(new Rows.One(a.seller()), 1L))
        .groupByKey(Grouped.with(one, LONG)).windowedBy(windows).reduce((before, now) -> now, Materialized.with(one, LONG));
    KStream<Rows.Two, Rows.Newcomer> joined = persons.join(sellers, (p, s) -> p).toStream((w, p) -> new Rows.Two(w.key().a(), w.window().start()));
    write(joined, outKey(Rows.Two::read, Rows.Two::write), out(Rows.Newcomer::read, Rows.Newcomer::write));
  }

  private void q11() {
    KTable<Windowed<Rows.One>, Long> sessions = bids().map((k, b) -> KeyValue.pair(new Rows.One(b.bidder()), 1L))
        .groupByKey(Grouped.with(one, LONG))
        .windowedBy(SessionWindows.ofInactivityGapAndGrace(SIZE, GRACE))
        .count(Materialized.with(one, LONG));
    KStream<Rows.Three, Rows.Session> rows = sessions.toStream().map((w, n) -> KeyValue.pair(
        new Rows.Three(w.key().a(), w.window().start(), w.window().end() + SIZE.toMillis()),
        n == null ? null : new Rows.Session(w.key().a(), n, w.window().start(), w.window().end() + SIZE.toMillis())));
    write(rows, outKey(Rows.Three::read, Rows.Three::write), out(Rows.Session::read, Rows.Session::write));
  }

  private void q13() {
    var side = builder.globalTable("nexmark.side", Consumed.with(id("nexmark.side"), value("nexmark.side", Rows.Side::read, Rows.Side::write)));
    write(bids().join(side, (k, b) -> new Rows.One(b.auction() % 10_000), (b, s) -> new Rows.Enriched(b, s.value())),
        Serdes.ByteArray(), out(Rows.Enriched::read, Rows.Enriched::write));
  }

  private void q18() {
    KTable<Rows.Two, Rows.Bid> last = bids().groupBy((k, b) -> new Rows.Two(b.bidder(), b.auction()), Grouped.with(two, bid))
        .reduce((before, now) -> now.time() >= before.time() ? now : before, Materialized.with(two, bid));
    write(last.toStream(), outKey(Rows.Two::read, Rows.Two::write), out(Rows.Bid::read, Rows.Bid::write));
  }

  /** For the time that restoring takes: as many keys as rows. */
  private void keys() {
    KTable<Rows.One, Long> counts = builder.stream("nexmark.key", Consumed.with(one, two))
        .groupByKey(Grouped.with(one, two)).count(Materialized.with(one, LONG));
    write(counts.toStream().mapValues((k, n) -> new Rows.Two(k.a(), n)), outKey(Rows.One::read, Rows.One::write),
        out(Rows.Two::read, Rows.Two::write));
  }
}
