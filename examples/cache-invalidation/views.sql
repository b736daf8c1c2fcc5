-- What a page shows of a product. Whoever keeps such cards reads the topic product_cards: a record is a card to put in place,
-- a tombstone one to drop. A change that no card shows (stock, say) is no record at all.
CREATE MATERIALIZED VIEW product_cards AS
  SELECT p.id, p.title, p.price, c.name AS category
  FROM shop.public.products p JOIN shop.public.categories c ON c.id = p.category_id
  WHERE p.visible;
