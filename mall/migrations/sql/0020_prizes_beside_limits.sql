-- reads: mall_redemption, mall_wongift   writes: nothing   re-run: no
--
-- What a member won in a draw does not use up what he may redeem.

-- Whether a redemption counts by the limits of its gift: all do but prizes. A medal counts however it was got: it is
-- worn once.
create function mall_counts_by_limits(r mall_redemption) returns boolean language sql stable parallel safe as $$
    select r.kind = 'MEDAL' or not exists (select from mall_wongift where redemption_id = r.id)
$$;

-- Refuse what one member may not have of a gift. Counted under his lock, his new redemption included; a period is the
-- day, the week from Monday or the month of p_at by the brand's own clock.
create or replace function mall_limits(p_member bigint, g mall_gift, p_at timestamptz) returns void language plpgsql as $$
declare
    zone text := mall_zone();
    reached record;
begin
    select period.name, period.most into reached
      from (values ('day', g.limit_per_day), ('week', g.limit_per_week), ('month', g.limit_per_month),
                   ('ever', g.limit_per_member)) period (name, most)
     where period.most < (
           select sum(r.quantity - r.returned)
             from mall_redemption r
            where r.member_id = p_member and r.gift_id = g.id and mall_counts_by_limits(r)
              and (period.name = 'ever'
                   or r.placed_at >= date_trunc(nullif(period.name, 'ever'), p_at at time zone zone) at time zone zone))
     limit 1;
    if found then
        raise exception 'limit reached' using errcode = 'MR004', detail = reached.most, hint = reached.name;
    end if;
end
$$;
