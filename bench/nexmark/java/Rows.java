import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.Encoder;
import org.apache.avro.util.Utf8;

/** The rows of the topics (schemas.json) and those between operators. Times are milliseconds since 1970. */
final class Rows {
  private Rows() {}

  record Person(long id, Utf8 name, Utf8 email, Utf8 card, Utf8 city, Utf8 state, long time, Utf8 extra) {
    static Person read(Decoder in) throws IOException {
      return new Person(in.readLong(), in.readString(null), in.readString(null), in.readString(null), in.readString(null),
          in.readString(null), in.readLong(), in.readString(null));
    }
    static void write(Encoder out, Person p) throws IOException {
      out.writeLong(p.id);
      for (Utf8 text : List.of(p.name, p.email, p.card, p.city, p.state)) out.writeString(text);
      out.writeLong(p.time);
      out.writeString(p.extra);
    }
  }

  record Auction(long id, Utf8 item, Utf8 description, long initialBid, long reserve, long time, long expires, long seller,
      long category, Utf8 extra) {
    static Auction read(Decoder in) throws IOException {
      return new Auction(in.readLong(), in.readString(null), in.readString(null), in.readLong(), in.readLong(), in.readLong(),
          in.readLong(), in.readLong(), in.readLong(), in.readString(null));
    }
    static void write(Encoder out, Auction a) throws IOException {
      out.writeLong(a.id);
      out.writeString(a.item);
      out.writeString(a.description);
      for (long number : new long[] {a.initialBid, a.reserve, a.time, a.expires, a.seller, a.category}) out.writeLong(number);
      out.writeString(a.extra);
    }
  }

  record Bid(long auction, long bidder, long price, Utf8 channel, Utf8 url, long time, Utf8 extra) {
    static Bid read(Decoder in) throws IOException {
      return new Bid(in.readLong(), in.readLong(), in.readLong(), in.readString(null), in.readString(null), in.readLong(),
          in.readString(null));
    }
    static void write(Encoder out, Bid b) throws IOException {
      out.writeLong(b.auction);
      out.writeLong(b.bidder);
      out.writeLong(b.price);
      out.writeString(b.channel);
      out.writeString(b.url);
      out.writeLong(b.time);
      out.writeString(b.extra);
    }
  }

  record Side(long key, Utf8 value) {
    static Side read(Decoder in) throws IOException { return new Side(in.readLong(), in.readString(null)); }
    static void write(Encoder out, Side s) throws IOException {
      out.writeLong(s.key);
      out.writeString(s.value);
    }
  }

  /** Of one, two or three numbers: keys, and what aggregates hold. */
  record One(long a) {
    static One read(Decoder in) throws IOException { return new One(in.readLong()); }
    static void write(Encoder out, One o) throws IOException { out.writeLong(o.a); }
  }

  record Two(long a, long b) {
    static Two read(Decoder in) throws IOException { return new Two(in.readLong(), in.readLong()); }
    static void write(Encoder out, Two t) throws IOException {
      out.writeLong(t.a);
      out.writeLong(t.b);
    }
  }

  record Three(long a, long b, long c) {
    static Three read(Decoder in) throws IOException { return new Three(in.readLong(), in.readLong(), in.readLong()); }
    static void write(Encoder out, Three t) throws IOException {
      out.writeLong(t.a);
      out.writeLong(t.b);
      out.writeLong(t.c);
    }
  }

  /** q1: a bid in another currency. */
  record Priced(Bid bid, double price) {
    static Priced read(Decoder in) { throw new UnsupportedOperationException("written only"); }
    static void write(Encoder out, Priced p) throws IOException {
      out.writeLong(p.bid.auction);
      out.writeLong(p.bid.bidder);
      out.writeDouble(p.price);
      out.writeLong(p.bid.time);
      out.writeString(p.bid.extra);
    }
  }

  /** q3: a seller; and, joined, with an auction. */
  record Seller(Utf8 name, Utf8 city, Utf8 state, long auction) {
    static Seller read(Decoder in) throws IOException {
      return new Seller(in.readString(null), in.readString(null), in.readString(null), in.readLong());
    }
    static void write(Encoder out, Seller s) throws IOException {
      out.writeString(s.name);
      out.writeString(s.city);
      out.writeString(s.state);
      out.writeLong(s.auction);
    }
  }

  /** q4: a category and the mean of its winning bids. */
  record Mean(long category, double mean) {
    static Mean read(Decoder in) { throw new UnsupportedOperationException("written only"); }
    static void write(Encoder out, Mean m) throws IOException {
      out.writeLong(m.category);
      out.writeDouble(m.mean);
    }
  }

  /** q5: the auctions of most bids in a window. */
  record Hot(long window, long bids, List<Long> auctions) {
    static Hot read(Decoder in) throws IOException {
      long window = in.readLong(), bids = in.readLong();
      List<Long> auctions = new ArrayList<>();
      for (long n = in.readArrayStart(); n != 0; n = in.arrayNext()) {
        for (long i = 0; i < n; ++i) auctions.add(in.readLong());
      }
      return new Hot(window, bids, auctions);
    }
    static void write(Encoder out, Hot h) throws IOException {
      out.writeLong(h.window);
      out.writeLong(h.bids);
      out.writeArrayStart();
      out.setItemCount(h.auctions.size());
      for (long auction : h.auctions) {
        out.startItem();
        out.writeLong(auction);
      }
      out.writeArrayEnd();
    }
    Hot with(long window, Two more) {
      if (more.b < bids) return this;
      List<Long> all = more.b == bids ? new ArrayList<>(auctions) : new ArrayList<>();
      all.add(more.a);
      return new Hot(window, more.b, all);
    }
  }

  /** q8: a person who came and sold in a window. */
  record Newcomer(long id, Utf8 name, long window) {
    static Newcomer read(Decoder in) throws IOException { return new Newcomer(in.readLong(), in.readString(null), in.readLong()); }
    static void write(Encoder out, Newcomer n) throws IOException {
      out.writeLong(n.id);
      out.writeString(n.name);
      out.writeLong(n.window);
    }
  }

  /** q11: a bidder's session. */
  record Session(long bidder, long bids, long start, long end) {
    static Session read(Decoder in) { throw new UnsupportedOperationException("written only"); }
    static void write(Encoder out, Session s) throws IOException {
      for (long number : new long[] {s.bidder, s.bids, s.start, s.end}) out.writeLong(number);
    }
  }

  /** q13: a bid with a value of the side input. */
  record Enriched(Bid bid, Utf8 value) {
    static Enriched read(Decoder in) { throw new UnsupportedOperationException("written only"); }
    static void write(Encoder out, Enriched e) throws IOException {
      out.writeLong(e.bid.auction);
      out.writeLong(e.bid.bidder);
      out.writeLong(e.bid.price);
      out.writeLong(e.bid.time);
      out.writeString(e.value);
    }
  }
}
