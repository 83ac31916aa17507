import { FAR_FOLLOWER_SCORE, MAX_HOP, RECOMMENDED_MIN_POSTS } from '../social-graph.ts'

/** $1 the person, $2 limit, $3 skip. */
export const RECOMMENDED = `
  with near as (
    select followed as id from graph_follows where follower = $1 and followed <> $1
    order by at_ms desc, followed limit ${MAX_HOP}
  ), far as (
    select distinct f.followed as id from near join graph_follows f on f.follower = near.id
    where f.followed <> $1 and not exists (select from near n where n.id = f.followed)
    order by id limit ${MAX_HOP}
  ), votes as (
    select id, sum(vote) as score from (
      select f.followed as id, 1.0 as vote from near join graph_follows f on f.follower = near.id
      union all
      select f.followed, ${FAR_FOLLOWER_SCORE} from far join graph_follows f on f.follower = far.id
    ) v
    where id <> $1
      and not exists (select from graph_follows f where f.follower = $1 and f.followed = v.id)
    group by id
  )
  select id, score::float8 as score from votes
  where exists (select from graph_users u where u.id = votes.id)
    and (select count(*) from (
      select from graph_posts p where p.author = votes.id limit ${RECOMMENDED_MIN_POSTS}
    ) some_posts) >= ${RECOMMENDED_MIN_POSTS}
  order by score desc, id limit $2 offset $3`
