-- Law 2. reads: loyalty_posting, pg_index   writes: nothing
select source || ' ' || key, count(*) || ' postings of one key'
  from loyalty_posting
 group by source, key
having count(*) > 1
union all
select unique_index.name, 'the unique index is missing or invalid'
  from (values ('posting_once')) unique_index (name)
  left join pg_class c on c.relname = unique_index.name
  left join pg_index i on i.indexrelid = c.oid and i.indisunique and i.indisvalid
 where i.indexrelid is null
