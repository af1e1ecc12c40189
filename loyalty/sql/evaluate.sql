-- reads: relation (loyalty.earning.PURCHASE_COLUMNS), members_member, members_tier, the rules and campaigns in force
-- writes: nothing; gives loyalty.ledger.CREDIT_COLUMNS   re-run: leaves out orders that were awarded.
-- All rules over one order or a million: a rule of the order's day, the most specific rate (a channel's, then a tier's, then the general one), multipliers combined as
-- the policy says, fixed bonuses added, floored once. `terms` is a rule or a campaign with what it asks and gives.
with purchase as (
    select p.*, coalesce(p.tier_id, m.tier_id) as tier, t.name as tier_name,
           coalesce(t.points_multiplier, 1) as tier_multiplier,
           greatest(p.gross - case when %(shipping_earns)s then 0 else p.shipping end, 0) as amount,
           extract(isodow from p.paid_at at time zone %(zone)s)::int as weekday,
           extract(day from p.paid_at at time zone %(zone)s)::int as day
      from ({relation}) p
      left join members_member m on m.id = p.member_id
      left join members_tier t on t.id = coalesce(p.tier_id, m.tier_id)
     where (%(pending_from)s = 'paid' or p.completed_at is not null)
       and (select done.id from loyalty_posting done where done.source = 'order' and done.key = p.key) is null
),
written as (
    select row_number() over (order by r.id)::numeric as n, r.id as rule, r.version, r.name, r.unit,
           r.condition_channels as channels, r.condition_minimum as minimum,
           array(select tier_id::bigint from loyalty_earningrule_condition_tiers where earningrule_id = r.id) as tiers,
           greatest(r.condition_from, r.in_force_from, '-infinity') as begins,
           least(r.condition_until, r.superseded_at, 'infinity') as ends,
           '{}'::int[] as weekdays, '{}'::int[] as days,
           2 * least(cardinality(r.condition_channels), 1)
           + exists (select from loyalty_earningrule_condition_tiers where earningrule_id = r.id)::int as specific,
           r.benefit_rate as rate, r.benefit_multiplier as multiplier, r.benefit_bonus as bonus
      from loyalty_earningrule r
     where r.active
    union all
    select -id, null, null, name, 'points', '{}', 0, '{}', starts_at, ends_at, weekdays, days_of_month,
           0, null, multiplier, null
      from loyalty_campaign
     where active
),
-- Each order meets each term: what can be said of a term alone is said once.
term as materialized (
    select written.*,
           case when unit = 'points' and rate is not null then array[specific, rate, n] end as points_rate,
           case when unit = 'growth' and rate is not null then array[specific, rate, n] end as growth_rate,
           case when unit = 'points' and multiplier is not null then array[multiplier, n] end as points_multiplier,
           case when unit = 'points' then ln(multiplier) end as points_log,
           case when unit = 'growth' then multiplier end as growth_multiplier,
           case when unit = 'points' then bonus end as points_bonus,
           case when unit = 'growth' then bonus end as growth_bonus
      from written
),
valued as (
    select p.*, v.*,
           case when %(combine)s = 'multiply'
                then least(round(p.tier_multiplier * v.product, 6), %(cap)s)
                else greatest(p.tier_multiplier, v.highest[1], 1) end as multiplier
      from purchase p
     cross join lateral (
           select max(points_rate) as base, max(growth_rate) as growth_base, max(points_multiplier) as highest,
                  round(coalesce(exp(sum(points_log)), 1), 6) as product,
                  round(coalesce(max(growth_multiplier), 1), 6) as growth_multiplier,
                  coalesce(sum(points_bonus), 0) as bonus, coalesce(sum(growth_bonus), 0) as growth_bonus,
                  array_agg(n) as matched
             from term
            where (channels = '{}' or p.channel_code = any (channels))
              and (tiers = '{}' or p.tier = any (tiers))
              and p.amount >= minimum and p.paid_at >= begins and p.paid_at < ends
              and (weekdays = '{}' or p.weekday = any (weekdays))
              and (days = '{}' or p.day = any (days))
     ) v
)
select member_id,
       floor(amount * coalesce(base[2], 0) * multiplier + bonus)::bigint as points,
       floor(amount * coalesce(growth_base[2], 0) * growth_multiplier + growth_bonus)::bigint as growth,
       1::smallint as kind, 'order' as source, key, paid_at as occurred_at,
       available.at as available_at,
       greatest(loyalty_expires_at(paid_at, %(zone)s, %(expiry)s, %(months)s, %(years)s),
                available.at + interval '1 day') as expires_at,
       array(select t.rule from term t
              where t.rule is not null and t.n = any (matched)
                and (t.n in (base[3], growth_base[3]) or t.bonus is not null
                     or t.multiplier is not null and (t.unit = 'growth' or %(combine)s = 'multiply'
                                                   or t.n = highest[2] and highest[1] > tier_multiplier))
              order by t.rule) as rule_versions,
       null::bigint as actor_id, '' as note,
       case when multiplier > 1 or bonus > 0 or growth_multiplier > 1 or growth_bonus > 0 then
           jsonb_build_array(jsonb_build_object('what', 'amount', 'amount', amount::text, 'rate', base[2]::text))
           || case when tier_multiplier > 1 and (%(combine)s = 'multiply' or tier_multiplier = multiplier)
                   then jsonb_build_array(jsonb_build_object(
                            'what', 'tier', 'name', tier_name, 'multiplier', tier_multiplier::text))
                   else '[]' end
           || coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                                   'what', case when t.bonus is null then 'multiplier' else 'bonus' end,
                                   'unit', t.unit, 'name', t.name, 'rule', t.rule, 'version', t.version,
                                   'campaign', case when t.rule is null then -t.n end,
                                   'multiplier', t.multiplier::text, 'bonus', t.bonus)) order by t.bonus nulls first, t.n)
                          from term t
                         where t.n = any (matched)
                           and (t.bonus is not null
                                or t.multiplier is not null
                                   and (t.unit = 'growth' or %(combine)s = 'multiply'
                                        or t.n = highest[2] and highest[1] > tier_multiplier))), '[]')
       end as breakdown
  from valued
 cross join lateral (
       select case %(pending_from)s when 'paid' then paid_at else completed_at end
              + make_interval(days => coalesce(pending_days, %(pending_days)s)::int) as at
 ) available
 where amount * coalesce(base[2], 0) * multiplier + bonus >= 1
    or amount * coalesce(growth_base[2], 0) * growth_multiplier + growth_bonus >= 1
