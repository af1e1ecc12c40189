-- reads: mall_wongift, mall_gift   writes: the ledger (a posting of 0 points), mall_redemption, mall_stockchange,
--         mall_wongift.redemption_id
-- re-run: the caller holds the won gift's row and asks once
--
-- A won gift becomes a redemption for no points. Its piece left the stock when the draw was published: it comes back by
-- a stock change and goes out with the redemption, so that the gift's row is not touched. Returns the redemption.
create function mall_award(
    p_won bigint, p_at timestamptz, p_recipient text, p_phone text, p_address text, p_note text
) returns bigint language plpgsql as $$
declare
    won record;
    redemption bigint;
begin
    select w.*, g.name as gift_name into strict won
      from mall_wongift w join mall_gift g on g.id = w.gift_id
     where w.id = p_won;
    insert into mall_redemption (
        member_id, gift_id, gift_name, quantity, points, posting_id, request_key, recipient, phone, address, placed_at
    ) values (
        won.member_id, won.gift_id, won.gift_name, 1, 0,
        loyalty_debit(won.member_id, 0, 6::smallint, 'redeem', won.member_id || ':won:' || won.id, p_at, null, won.name),
        'won:' || won.id, p_recipient, p_phone, p_address, p_at
    ) returning id into redemption;
    insert into mall_stockchange (gift_id, quantity, note, at) values (won.gift_id, 1, p_note, p_at);
    update mall_wongift set redemption_id = redemption where id = p_won;
    return redemption;
end
$$;
