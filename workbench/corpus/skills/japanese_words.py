"""Word lists for the Japanese skills: goods with the word that counts them, and cities."""

from __future__ import annotations

from workbench.corpus.skills.words import listed

GOODS = {
    "個": listed(
        "りんご みかん レモン トマト たまねぎ かぼちゃ メロン ケーキ パン 石けん 電池 電球 時計 帽子 かばん 箱 いす 机"
        " 皿 コップ なべ やかん かご 花びん 消しゴム 財布 鏡 ボール"
    ),
    "本": listed("鉛筆 ペン 傘 花 ろうそく はさみ 釘 バナナ 大根 水 牛乳 ビール 酒 ワイン 針金 筆 矢 瓶 ひも 竹"),
    "枚": listed("紙 切手 はがき シャツ 毛布 布 板 写真 地図 切符 カード 封筒 服 絵 ふとん 毛皮"),
    "冊": listed("本 雑誌 手帳 辞書 ノート 絵本 教科書 漫画 日記 図鑑"),
}

CITIES_JA = listed(  # names that take few tokens, so that an answer stays short
    "大阪 東京 京都 横浜 札幌 仙台 新潟 熊本 松山 前橋 甲府 大津 鳥取 山口 秋田 山形 浜松 富山 大分 上田 大田 成田 松本"
    " 大宮 日光 中津 日田 三田 生駒 春日 市川 立川 小林 東山 北見 太田 入間 上野 小山 下田 本庄 安中 大月 中野"
)
