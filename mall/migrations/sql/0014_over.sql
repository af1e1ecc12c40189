-- reads: mall_gift, mall_giftwindow, loyalty_campaign, members_programme   writes: nothing   re-run: no
--
-- What ends is not redeemed after its end: a voucher that is void when it is issued, a seat at an event that has begun.
-- And who asks when a gift opens gets his answer at once where the last campaign of its windows is over.

-- When a gift is over for good, whatever its windows say; null: never.
create function mall_over_at(g mall_gift) returns timestamptz language sql immutable parallel safe as $$
    select least(g.closes_at,
                 case when g.kind not in ('PHYSICAL', 'CODE', 'MEDAL') then g.valid_until end,
                 case when g.kind = 'SEAT' then g.event_at end)
$$;

create or replace function mall_open(g mall_gift, p_at timestamptz) returns boolean
language sql stable parallel safe as $$
    select p_at >= coalesce(g.opens_at, '-infinity') and p_at < coalesce(mall_over_at(g), 'infinity')
       and (not exists (select from mall_giftwindow w where w.gift_id = g.id)
            or exists (select from mall_giftwindow w
                        where w.gift_id = g.id and mall_window_open(w, p_at, p_at at time zone mall_zone())))
$$;

-- The first moment after p_at, when the gift is closed, at which it is open; null when it never is within 400 days.
-- A window opens at the beginning of a day, of its hours, on its first day, or with its campaign or the gift itself.
create or replace function mall_next_opening(g mall_gift, p_at timestamptz)
returns timestamptz language plpgsql stable parallel safe as $$
declare
    zone text := mall_zone();
    today date := greatest(p_at, g.opens_at) at time zone zone;
    over_at timestamptz := mall_over_at(g);
    opening timestamptz;
begin
    if not exists (select from mall_giftwindow where gift_id = g.id) then
        return (select g.opens_at where g.opens_at > p_at and g.opens_at < coalesce(over_at, 'infinity'));
    end if;
    -- No window opens after the last of their campaigns.
    over_at := least(over_at, (
        select max(case when w.campaign_id is null then 'infinity' when c.active then c.ends_at else '-infinity' end)
          from mall_giftwindow w
          left join loyalty_campaign c on c.id = w.campaign_id
         where w.gift_id = g.id));
    for day in 0 .. 400 loop
        exit when p_at >= over_at or (today + day)::timestamp at time zone zone >= over_at;
        select min(beginning.at) into opening
          from mall_giftwindow w
          left join loyalty_campaign c on c.id = w.campaign_id
         cross join lateral (
               values ((today + day)::timestamp at time zone zone),
                      ((today + day + w.daily_from) at time zone zone),
                      ((today + day + w.first_time) at time zone zone),
                      (c.starts_at),
                      (g.opens_at)
         ) beginning (at)
         where w.gift_id = g.id
           and (w.months = '{}' or extract(month from today + day)::integer = any (w.months))
           and beginning.at > p_at
           and (beginning.at at time zone zone)::date = today + day
           and mall_open(g, beginning.at);
        if opening is not null then
            return opening;
        end if;
    end loop;
    return null;
end
$$;
